"""Which channel a letter takes, over every mode, kind, class and list of addresses."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.database import Database
from tools.channels.channel import Channel
from tools.channels.outbox import Outbox
from tools.channels.routing import DIVERTED, NO_WAY_OUT, NoRoute, Route, Router, SendOnlyTo
from tools.channels.scripted import Scripted

URL = "https://usher.shop.example"


@pytest.fixture
def outboxes(db: Database, tmp_path: Path) -> dict[str, Channel]:
    return {kind: Outbox(tmp_path / "out", db.vault, kind=kind) for kind in ("email", "sms")}


MAIL, TEXT = Scripted(kind="email"), Scripted(kind="sms")
LIVE: dict[str, Channel] = {"email": MAIL, "sms": TEXT}


def way(
    router: Router, mode: str, to: str = "ada@x.example", kind: str = "email", cls: str = "service"
) -> Route | NoRoute:
    return router.route(kind=kind, mode=mode, to=to, message_class=cls)


def test_a_sandbox_ends_in_the_outbox(outboxes: dict[str, Channel]) -> None:
    router = Router(outboxes, LIVE, public_url=URL)
    for kind in ("email", "sms"):
        found = way(router, "sandbox", kind=kind, cls="marketing")
        assert found == Route(outboxes[kind], reaches_people=False)


def test_live_takes_the_channel_of_its_kind(outboxes: dict[str, Channel]) -> None:
    router = Router(outboxes, LIVE, public_url=URL)
    assert way(router, "live") == Route(MAIL, reaches_people=True)
    assert way(router, "live", "+4930123", kind="sms") == Route(TEXT, reaches_people=True)


def test_p6_live_without_a_channel_is_sent_nowhere(outboxes: dict[str, Channel]) -> None:
    found = way(Router(outboxes, {}, public_url=URL), "live")
    assert isinstance(found, NoRoute) and "no channel carries email" in found.why


@pytest.mark.parametrize("mode", ["shadow", "", "LIVE", "wild"])
def test_p6_another_mode_hands_nothing_over(outboxes: dict[str, Channel], mode: str) -> None:
    assert isinstance(way(Router(outboxes, LIVE, public_url=URL), mode), NoRoute)


def test_p6_without_a_public_url_no_marketing_e_mail_is_live(outboxes: dict[str, Channel]) -> None:
    router = Router(outboxes, LIVE)
    assert way(router, "live", cls="marketing") == NoRoute(NO_WAY_OUT)
    assert way(router, "live", cls="service") == Route(MAIL, reaches_people=True)
    assert way(router, "live", kind="sms", cls="marketing") == Route(TEXT, reaches_people=True)


ONLY = SendOnlyTo.of(("qa@shop.example", "@team.example", "bücher.example", "+49301"))


@pytest.mark.parametrize("mode", ["sandbox", "live"])
def test_a_list_lets_its_own_through_in_both_modes(outboxes: dict[str, Channel], mode: str) -> None:
    router = Router(outboxes, LIVE, ONLY, URL)
    for to in ("qa@shop.example", "QA@Shop.Example", "any@team.example", "a@xn--bcher-kva.example"):
        assert way(router, mode, to) == Route(MAIL, reaches_people=True)
    assert way(router, mode, "+49301", kind="sms") == Route(TEXT, reaches_people=True)


@pytest.mark.parametrize("mode", ["sandbox", "live"])
@pytest.mark.parametrize(
    "to",
    ["ada@shop.example", "qa@shop.example.evil.example", "qa@sub.team.example", "x@eteam.example"]
    + ["qa@shop.example\n", "qa@shop.example>,<ada@x.example", "", "team.example"],
)
def test_a_list_keeps_everybody_else_in_the_outbox_and_says_so(
    outboxes: dict[str, Channel], mode: str, to: str
) -> None:
    found = way(Router(outboxes, LIVE, ONLY, URL), mode, to)
    assert found == Route(outboxes["email"], reaches_people=False, says=DIVERTED)


def test_a_list_that_names_no_number_lets_no_text_message_through(
    outboxes: dict[str, Channel],
) -> None:
    router = Router(outboxes, LIVE, SendOnlyTo.of(("x.example",)), URL)
    found = way(router, "live", "+4930123", kind="sms")
    assert found == Route(outboxes["sms"], reaches_people=False, says=DIVERTED)


@pytest.mark.parametrize("entry", ["", "qa@", "@", "localhost", "+", "+49 30", "a b", "x@y@z.com,"])
def test_what_is_no_address_is_an_error_and_not_an_entry(entry: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        SendOnlyTo.of((entry,))


@given(
    st.sampled_from(["sandbox", "live", "shadow"]),
    st.sampled_from(["email", "sms"]),
    st.sampled_from(["marketing", "service", "legal"]),
    st.sampled_from(["qa@shop.example", "ada@x.example", "+49301", "+4930123"]),
    st.sampled_from([None, URL]),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_p6_nobody_is_reached_who_is_not_meant(
    mode: str, kind: str, cls: str, to: str, url: str | None, listed: bool, wired: bool
) -> None:
    safe: dict[str, Channel] = {"email": _Safe("email"), "sms": _Safe("sms")}
    router = Router(safe, LIVE if wired else {}, ONLY if listed else None, url)
    found = way(router, mode, to, kind, cls)
    if isinstance(found, Route) and found.channel in LIVE.values():
        assert mode == "live" or (mode == "sandbox" and listed)
        assert not listed or ONLY.holds(to)
        assert not (mode == "live" and kind == "email" and cls == "marketing" and url is None)


class _Safe(Scripted):
    """Stands where the outbox stands."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind=kind)


def test_a_channel_is_found_by_its_name_for_the_kind_it_carries(
    outboxes: dict[str, Channel],
) -> None:
    router = Router(outboxes, LIVE)
    assert router.named("scripted", kind="email") is MAIL
    assert router.named("outbox", kind="sms") is outboxes["sms"]
    assert router.named("gone", kind="email") is None
