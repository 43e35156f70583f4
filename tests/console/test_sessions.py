"""Sessions: a cookie names somebody for twelve hours, a link lets in once."""

from __future__ import annotations

import pytest

from console.sessions import GOOD_FOR_S, LINK_GOOD_FOR_S, Sessions
from store import principals
from store.database import Database
from store.principals import Principal


class Watch:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def sessions(db: Database, watch: Watch) -> Sessions:
    return Sessions(db, wall=watch, monotonic=watch)


@pytest.fixture
def ada(db: Database) -> Principal:
    made = db.write_now(
        principals.add, principal_id="prn_1", name="ada", role="operator", key="k1", at=0
    )
    assert made is not None
    return made


async def test_a_cookie_names_whom_it_was_made_for(sessions: Sessions, ada: Principal) -> None:
    assert await sessions.principal_of(sessions.cookie_of(ada)) == ada


async def test_a_cookie_is_over_after_twelve_hours(
    sessions: Sessions, ada: Principal, watch: Watch
) -> None:
    cookie = sessions.cookie_of(ada)
    watch.at += GOOD_FOR_S - 1
    assert await sessions.principal_of(cookie) == ada
    watch.at += 1
    assert await sessions.principal_of(cookie) is None


@pytest.mark.parametrize("cookie", [None, "", ".", "..", "prn_1.9999999999.", "x.y.z", "é.1.2"])
async def test_what_we_did_not_sign_is_nobodys(
    sessions: Sessions, ada: Principal, cookie: str | None
) -> None:
    assert await sessions.principal_of(cookie) is None


async def test_no_part_of_a_cookie_can_be_changed(sessions: Sessions, ada: Principal) -> None:
    who, until, signature = sessions.cookie_of(ada).split(".")
    for forged in (
        f"prn_2.{until}.{signature}",
        f"{who}.{int(until) + 1}.{signature}",
        f"{who}.{until}.{signature[:-1]}{'0' if signature[-1] != '0' else '1'}",
        f"{who}.{until}",
    ):
        assert await sessions.principal_of(forged) is None


async def test_another_deployment_does_not_know_our_cookies(
    sessions: Sessions, ada: Principal, tmp_path_factory: pytest.TempPathFactory, watch: Watch
) -> None:
    other = Database.open(tmp_path_factory.mktemp("other") / "data")
    try:
        other.write_now(
            principals.add, principal_id="prn_1", name="ada", role="admin", key="k", at=0
        )
        theirs = Sessions(other, wall=watch, monotonic=watch)
        assert await theirs.principal_of(sessions.cookie_of(ada)) is None
    finally:
        other.close()


async def test_a_disabled_principals_cookie_is_worth_nothing(
    sessions: Sessions, ada: Principal, db: Database
) -> None:
    cookie = sessions.cookie_of(ada)
    await db.write(principals.disable, "ada", at=1)
    assert await sessions.principal_of(cookie) is None


async def test_a_link_lets_in_once(sessions: Sessions, ada: Principal) -> None:
    token = sessions.link_for(ada.id)
    assert await sessions.use_link(token) == ada
    assert await sessions.use_link(token) is None


async def test_a_link_is_over_after_half_an_hour(
    sessions: Sessions, ada: Principal, watch: Watch
) -> None:
    token = sessions.link_for(ada.id)
    watch.at += LINK_GOOD_FOR_S
    assert await sessions.use_link(token) is None


async def test_a_link_of_a_disabled_principal_lets_nobody_in(
    sessions: Sessions, ada: Principal, db: Database
) -> None:
    token = sessions.link_for(ada.id)
    await db.write(principals.disable, "ada", at=1)
    assert await sessions.use_link(token) is None


async def test_a_made_up_link_lets_nobody_in(sessions: Sessions) -> None:
    assert await sessions.use_link("x" * 32) is None
