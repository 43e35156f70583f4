"""The access archive over HTTP: for admins, of whoever is named, and of nobody erased."""

from __future__ import annotations

import json
from io import BytesIO
from zipfile import ZipFile

from tests.api.service import PRODUCTS, Api


async def test_an_archive_is_a_zip_to_read_and_for_programs(api: Api) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    await api.person("ada", phone="+4915112345678")
    decision = await api.decision("ada")
    for reference in ("ada", "ada@example.com", "%2B4915112345678", decision["customer_id"]):
        response = await api.call("GET", f"/v1/customers/{reference}/archive")
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/zip"
        with ZipFile(BytesIO(response.content)) as archive:
            assert archive.namelist() == ["README.html", "data.json"]
            data = json.loads(archive.read("data.json"))
        assert [d["id"] for d in data["decisions"]] == [decision["id"]]


async def test_it_needs_an_admin(api: Api) -> None:
    await api.person("ada")
    approver = await api.key("approver")
    await api.problem(403, "GET", "/v1/customers/ada/archive", key=approver)


async def test_p10_somebody_erased_is_gone_and_nobody_is_not_found(api: Api) -> None:
    await api.problem(404, "GET", "/v1/customers/ada/archive")
    await api.person("ada")
    await api.ok("DELETE", "/v1/customers/ada")
    await api.problem(410, "GET", "/v1/customers/ada@example.com/archive")
