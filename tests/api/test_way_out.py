"""The way out: reading changes nothing, however often; one POST is enough, however often."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from email import message_from_string
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Connection, func, select

from store.schema import inbox
from tests.api.service import PRODUCTS, Api, service, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
ONE_CLICK = {
    "content": b"List-Unsubscribe=One-Click",
    "headers": {"content-type": "application/x-www-form-urlencoded"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("way-out")
    async with service(settings_of(folder, public_url="https://usher.example")) as served:
        await served.ok("PUT", "/v1/products", PRODUCTS)
        yield served


async def link_of(api: Api, user: str, **traits: Any) -> str:
    """The path of the link in the mail that somebody got, as its header gives it."""
    await api.person(user, **traits)
    effect_id = (await api.decision(user))["effects"][-1]["id"]
    mail = message_from_string((await api.ok("GET", f"/v1/effects/{effect_id}"))["message"]["raw"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.search(r"<https://usher\.example(/u/[^>]+)>", mail["List-Unsubscribe"])
    assert found is not None
    assert found[1] in mail.as_string().replace("=\n", ""), "the body has the link too"
    return found[1]


async def marketing_stopped(api: Api, user: str) -> bool:
    await api.runs.idle()
    listed = (await api.ok("GET", f"/v1/customers/{user}"))["suppressions"]
    return [(s["scope"], s["purpose"]) for s in listed] == [("purpose", "marketing")]


async def arrivals(api: Api) -> int:
    def read(conn: Connection) -> int:
        return int(conn.execute(select(func.count()).select_from(inbox)).scalar_one())

    return await api.runs.db.read(read)


async def test_scanners_may_read_it_as_often_as_they_like(api: Api) -> None:
    path, before = await link_of(api, "ann"), await arrivals(api)
    for method in ("GET", "HEAD", "GET", "HEAD"):
        answer = await api.client.request(method, path, headers={"authorization": ""})
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers and answer.headers["cache-control"] == "no-store"
        if method == "GET":
            assert 'method="post"' in answer.text and "marketing" in answer.text
            assert not re.search(r"(?:src|href|url)\s*[=(]", answer.text), "nothing is fetched"
    assert await arrivals(api) == before
    assert not await marketing_stopped(api, "ann")
    assert (await api.client.post(path, **ONE_CLICK)).status_code == 200, "reads use nothing up"
    assert await marketing_stopped(api, "ann")


@pytest.mark.parametrize(
    ("user", "content", "kind"),
    [
        ("form", b"unsubscribe=yes", "application/x-www-form-urlencoded"),
        (
            "multi",
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
            b"--b--\r\n",
            "multipart/form-data; boundary=b",
        ),
    ],
)
async def test_p3_a_post_acts_at_once_and_again_says_the_same(
    api: Api, user: str, content: bytes, kind: str
) -> None:
    path, key = await link_of(api, user), {"content-type": kind, "authorization": ""}
    answers = [await api.client.post(path, content=content, headers=key) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert all("You have unsubscribed" in a.text for a in answers)
    assert await marketing_stopped(api, user)
    shown = await api.client.get(path)
    assert shown.status_code == 200 and "<form" not in shown.text
    items = (await api.ok("GET", f"/v1/customers/{user}/timeline"))["items"]
    assert [i["receipt"] for i in items if i["kind"] == "receipt"] == ["unsubscribed"]


async def test_an_old_link_works_again_after_somebody_came_back(api: Api) -> None:
    path = await link_of(api, "back")
    await api.client.post(path, **ONE_CLICK)
    assert await marketing_stopped(api, "back")
    await api.ok("DELETE", "/v1/customers/back/suppress?scope=purpose")
    assert not await marketing_stopped(api, "back")
    await api.client.post(path, **ONE_CLICK)
    assert await marketing_stopped(api, "back")


async def test_what_no_button_sent_does_nothing(api: Api) -> None:
    path = await link_of(api, "odd")
    for content in (b"", b"List-Unsubscribe=Two-Clicks", b"\xff\xfe", b"{}"):
        answer = await api.client.post(path, content=content)
        assert answer.status_code == 400 and "Nothing has changed" in answer.text
    assert not await marketing_stopped(api, "odd")


async def test_a_link_that_is_none_of_ours_says_what_to_do(api: Api) -> None:
    path = await link_of(api, "typo")
    changed = path[:-1] + ("0" if path[-1] != "0" else "1")
    for other in (changed, path[:-5], "/u/", "/u/a/b", f"/u/{'x' * 3000}", "/u/eff_%27--"):
        for method in ("GET", "POST"):
            answer = await api.client.request(method, other, **ONE_CLICK)
            assert answer.status_code == 404, other
            assert answer.headers["content-type"].startswith("text/html")
            assert "from the message itself" in answer.text
    assert not await marketing_stopped(api, "typo")


async def test_it_speaks_the_language_of_the_letter(api: Api) -> None:
    path = await link_of(api, "gabi", locale="de-DE")
    page = (await api.client.get(path)).text
    assert 'lang="de"' in page and "Keine Werbung mehr" in page


async def test_p10_the_link_of_somebody_erased_shows_a_plain_page(api: Api) -> None:
    path = await link_of(api, "gone")
    await api.ok("DELETE", "/v1/customers/gone")
    before = await arrivals(api)
    for answer in (await api.client.get(path), await api.client.post(path, **ONE_CLICK)):
        assert answer.status_code == 200 and "keeps no data about you" in answer.text
    assert await arrivals(api) == before
