"""Every route asks for a role, and no key does more than its role may."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from api.route import Route
from store.principals import ROLES
from tests.api.service import Api, detail_of, service, settings_of

OPEN = {("GET", "/healthz"), ("GET", "/readyz")}
#: Open to whoever signs, or holds a letter of ours: what they are asked for is no key.
WITHOUT_KEY = {
    ("POST", "/v1/receipts/{provider}"),
    ("GET", "/v1/receipts/{provider}"),
    ("GET", "/u/{token}"),
    ("HEAD", "/u/{token}"),
    ("POST", "/u/{token}"),
}
SEGMENT = {
    ("POST", f"/v1/{kind}")
    for kind in ("track", "identify", "alias", "page", "screen", "group", "batch")
}
#: The least role of every route. A new route belongs here, and into docs/http-api.md.
LEAST = dict.fromkeys(SEGMENT, "ingest") | {
    ("GET", "/metrics"): "viewer",
    ("POST", "/v1/triggers"): "operator",
    ("GET", "/v1/decisions"): "viewer",
    ("GET", "/v1/decisions/{decision_id}"): "viewer",
    ("GET", "/v1/decisions/{decision_id}/explain"): "viewer",
    ("POST", "/v1/decisions/{decision_id}/replay"): "viewer",
    ("GET", "/v1/customers/{ref}"): "viewer",
    ("GET", "/v1/customers/{ref}/archive"): "admin",
    ("POST", "/v1/customers/{ref}/prove"): "admin",
    ("GET", "/v1/customers/{ref}/links"): "viewer",
    ("POST", "/v1/customers/{ref}/links"): "approver",
    ("GET", "/v1/customers/{ref}/contacts"): "viewer",
    ("GET", "/v1/customers/{ref}/merges"): "viewer",
    ("POST", "/v1/customers/{ref}/unmerge"): "approver",
    ("POST", "/v1/customers/{ref}/release"): "approver",
    ("POST", "/v1/customers/{ref}/revoke"): "operator",
    ("GET", "/v1/suppressions"): "operator",
    ("POST", "/v1/suppressions"): "operator",
    ("GET", "/v1/retention"): "viewer",
    ("GET", "/v1/customers/{ref}/timeline"): "viewer",
    ("GET", "/v1/alerts"): "viewer",
    ("POST", "/v1/customers/{ref}/suppress"): "operator",
    ("DELETE", "/v1/customers/{ref}/suppress"): "operator",
    ("PUT", "/v1/customers/{ref}/hold"): "admin",
    ("DELETE", "/v1/customers/{ref}/hold"): "admin",
    ("DELETE", "/v1/customers/{ref}"): "admin",
    ("PUT", "/v1/products"): "operator",
    ("GET", "/v1/approvals"): "viewer",
    ("GET", "/v1/approvals/{approval_id}"): "viewer",
    ("POST", "/v1/approvals/{approval_id}"): "operator",
    ("POST", "/v1/approvals/batch"): "operator",
    ("GET", "/v1/policies"): "viewer",
    ("POST", "/v1/policies/check"): "viewer",
    ("GET", "/v1/policies/{pack}"): "viewer",
    ("PUT", "/v1/policies/{pack}"): "approver",
    ("POST", "/v1/policies/diff"): "viewer",
    ("POST", "/v1/policies/shadow"): "viewer",
    ("GET", "/v1/policies/{pack}/changes"): "viewer",
    ("POST", "/v1/policies/{pack}/changes/{change_id}"): "approver",
    ("POST", "/v1/policies/{pack}/rollback"): "approver",
    ("GET", "/v1/agents/{name}/mode"): "viewer",
    ("PUT", "/v1/agents/{name}/mode"): "approver",
    ("GET", "/v1/channels"): "admin",
    ("POST", "/v1/channels/{name}/check"): "admin",
    ("GET", "/v1/principals"): "admin",
    ("POST", "/v1/principals"): "admin",
    ("DELETE", "/v1/principals/{name}"): "admin",
    ("GET", "/v1/experiments/{goal}"): "viewer",
    ("GET", "/v1/effects"): "viewer",
    ("GET", "/v1/effects/{effect_id}"): "operator",
    ("POST", "/v1/effects/{effect_id}/settle"): "operator",
    ("POST", "/v1/effects/{effect_id}/undo"): "operator",
    ("GET", "/v1/audit"): "viewer",
    ("POST", "/v1/backups"): "admin",
    ("GET", "/v1/clock"): "viewer",
    ("POST", "/v1/clock"): "operator",
    ("POST", "/v1/imports/{import_id}"): "operator",
    ("PUT", "/v1/imports/{import_id}"): "operator",
    ("GET", "/v1/inbox"): "viewer",
    ("GET", "/v1/service"): "viewer",
    ("GET", "/v1/dead-letters"): "viewer",
    ("POST", "/v1/dead-letters/{letter_id}/replay"): "operator",
    ("POST", "/v1/dead-letters/{letter_id}/discard"): "operator",
    ("GET", "/v1/customers/{ref}/systems"): "viewer",
    ("GET", "/v1/systems"): "viewer",
    ("GET", "/v1/deliveries"): "viewer",
    ("POST", "/v1/deliveries/{delivery_id}/again"): "operator",
    ("GET", "/v1/subscriptions"): "admin",
    ("POST", "/v1/subscriptions"): "admin",
    ("DELETE", "/v1/subscriptions/{subscription_id}"): "admin",
    ("POST", "/v1/subscriptions/{subscription_id}/test"): "admin",
    ("GET", "/v1/brake"): "viewer",
    ("POST", "/v1/brake"): "operator",
    ("DELETE", "/v1/brake/{brake_id}"): "approver",
    ("POST", "/v1/customers/{ref}/lease"): "operator",
    ("DELETE", "/v1/customers/{ref}/lease"): "operator",
    ("POST", "/v1/chat"): "viewer",
    ("POST", "/v1/chat/cards/{card_id}"): "operator",
    ("GET", "/v1/failed-closed"): "viewer",
    ("GET", "/v1/near-misses"): "viewer",
    ("GET", "/v1/memory"): "viewer",
    ("POST", "/v1/memory/rebuild"): "admin",
}
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with service(settings_of(tmp_path_factory.mktemp("data"))) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def keys(api: Api) -> dict[str, str]:
    return {role: await api.key(role, f"the {role}") for role in ROLES}


def application(api: Api) -> FastAPI:
    app: FastAPI = api.client._transport.app  # type: ignore[attr-defined]
    return app


def routes_of(app: FastAPI) -> Iterator[tuple[str, str, APIRoute]]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            for method in sorted(route.methods or ()):
                yield method, route.path_format, route


async def test_every_route_names_its_role_and_only_health_is_open(api: Api) -> None:
    found = {}
    for method, path, route in routes_of(application(api)):
        assert isinstance(route, Route), f"{method} {path} admits nobody and reads no body"
        found[method, path] = None if route.needs is None else route.needs.role
    assert {route for route, role in found.items() if role is None} == OPEN | WITHOUT_KEY
    assert {route: role for route, role in found.items() if role is not None} == LEAST


async def test_whatever_else_is_served_is_the_description_of_the_api(api: Api) -> None:
    others = [
        route
        for context in iter_route_contexts(application(api).routes)
        if not isinstance(route := context.original_route, APIRoute)
    ]
    assert [getattr(route, "path", None) for route in others] == ["/openapi.json"]


def refused(role: str, least: str) -> bool:
    if least == "ingest":
        return False
    return role == "ingest" or ROLES.index(role) < ROLES.index(least)


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_reaches_its_routes_and_no_others(
    api: Api, keys: dict[str, str], role: str
) -> None:
    for (method, path), least in LEAST.items():
        address = path
        for name in (
            "decision_id",
            "ref",
            "approval_id",
            "effect_id",
            "pack",
            "name",
            "goal",
            "import_id",
        ):
            address = address.replace(f"{{{name}}}", "nobody")
        response = await api.call(method, address, key=keys[role])
        assert (response.status_code == 403) == refused(role, least), (method, path)
        if response.status_code == 403:
            assert least in detail_of(response, 403)


async def test_no_route_but_health_and_description_answers_without_a_key(api: Api) -> None:
    for method, path in LEAST:
        response = await api.client.request(method, path, headers={"authorization": ""})
        detail_of(response, 401)
    for _, path in OPEN | {("GET", "/openapi.json")}:
        response = await api.client.get(path, headers={"authorization": ""})
        assert response.status_code == 200


async def test_a_key_may_come_as_the_user_of_basic(api: Api, keys: dict[str, str]) -> None:
    event = {"userId": "u", "event": "E"}
    for user in (f"{keys['ingest']}:", f"{keys['ingest']}:x", keys["ingest"]):
        header = {"authorization": "Basic " + base64.b64encode(user.encode()).decode()}
        response = await api.client.post("/v1/track", json=event, headers=header)
        assert response.json() == {"success": True}
    for user in ("", ":", ":" + keys["admin"], "nobody:"):
        header = {"authorization": "Basic " + base64.b64encode(user.encode()).decode()}
        detail_of(await api.client.post("/v1/track", json=event, headers=header), 401)


async def test_a_key_is_shown_once_and_disabled_at_once(api: Api) -> None:
    key = await api.key("viewer", "somebody else")
    listed = await api.ok("GET", "/v1/principals")
    assert key not in str(listed)
    assert "somebody else" in [row["name"] for row in listed["items"]]
    await api.ok("GET", "/v1/decisions", key=key)
    assert await api.ok("DELETE", "/v1/principals/somebody%20else") == {"disabled": True}
    await api.problem(401, "GET", "/v1/decisions", key=key)
    await api.problem(404, "DELETE", "/v1/principals/somebody%20else")
    await api.problem(409, "POST", "/v1/principals", {"name": "somebody else", "role": "viewer"})


async def test_nobody_takes_their_own_key_out_of_use(api: Api) -> None:
    await api.problem(409, "DELETE", "/v1/principals/admin")


async def test_a_name_or_role_that_is_none_is_refused(api: Api) -> None:
    for name, role in (("", "viewer"), ("a/b", "viewer"), ("a", "owner"), ("-a", "viewer")):
        await api.problem(422, "POST", "/v1/principals", {"name": name, "role": role})
