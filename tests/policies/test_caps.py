"""Caps are data: what they are on, what counts together, and what a wrong one is told."""

from __future__ import annotations

import pytest

from policies.pack import Pack, load_pack
from policies.verdict import FiredKind, Outcome
from policies.windows import Window
from tests.policies.packs import CONTACT, OFFER, SMALL, ask, fired, refuses, swapped
from tests.source import ROOT

GOAL = "  action.goal: {enum: [recover_cart, win_back], for: [contact, offer]}\n"
PURPOSE = "  action.purpose: {enum: [marketing, service], for: [contact, offer]}\n"
PER = "    per: person\n"
ROLLING = "    window: {rolling: P7D}\n"
ONE = """\
  - id: one_a_case
    on: [offer]
    max: 1
    window: {ever: true}
    per: journey
    obeys: {}
    because: One compensation a disruption
quiet_hours:
"""


def with_more(*changes: tuple[str, str]) -> str:
    text = swapped("facts:\n", f"facts:\n{GOAL}{PURPOSE}")
    for old, new in changes:
        text = swapped(old, new, text)
    return text


def of(*changes: tuple[str, str]) -> Pack:
    return load_pack(with_more(*changes), file="p")


def test_the_example_in_the_docs_is_a_good_one() -> None:
    text = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    example = text.split("```yaml\ncaps:\n")[1].split("```")[0].replace("id: weekly", "id: week")
    assert len(of(("quiet_hours:\n", f"{example}quiet_hours:\n")).caps) == 4


GIVEN = {"action.goal": "recover_cart", "action.purpose": "marketing"}


def test_a_cap_is_on_contacts_unless_it_says_otherwise() -> None:
    weekly, once = of(("quiet_hours:\n", ONE)).caps
    assert (weekly.on, once.on) == ("contact", "offer")
    assert (once.per, once.window) == ("journey", Window("ever"))


@pytest.mark.parametrize("per", ["person", "channel", "purpose", "goal", "journey"])
def test_what_counts_together(per: str) -> None:
    pack = of((PER, f"    per: {per}\n"))
    assert pack.caps[0].per == per
    assert ask(pack, "contact", {**CONTACT, **GIVEN}, cap__weekly__used=3).outcome is Outcome.DENY


def test_p2_a_cap_on_offers_holds_offers_and_no_contact() -> None:
    pack = of(("quiet_hours:\n", ONE))
    offer = {**OFFER, **GIVEN, "cap.one_a_case.used": 0}
    assert ask(pack, "offer", offer).outcome is Outcome.ALLOW
    full = ask(pack, "offer", offer, cap__one_a_case__used=1)
    assert fired(full)["one_a_case"] == "deny"
    assert next(f for f in full.fired if f.rule == "one_a_case").kind is FiredKind.CAP
    assert ask(pack, "contact", {**CONTACT, **GIVEN}).outcome is Outcome.ALLOW
    view = pack.rule("one_a_case")
    assert view is not None and view.on == ("offer",)


@pytest.mark.parametrize("used", [None, -1, 1.0, True, "0", 10**9])
def test_p6_an_unknown_or_malformed_count_of_offers_is_a_denial(used: object) -> None:
    pack = of(("quiet_hours:\n", ONE))
    offer = {**OFFER, **GIVEN, "cap.one_a_case.used": used}
    assert ask(pack, "offer", offer).missing == ("cap.one_a_case.used",)
    assert ask(pack, "offer", offer).outcome is Outcome.DENY


def test_a_cap_may_hold_one_thing_and_count_another() -> None:
    """Service messages count and are held to nothing."""
    pack = of((PER, f"{PER}    counts: {{class: [marketing, service]}}\n"))
    cap = pack.caps[0]
    assert cap.counts == {"class": ("marketing", "service")}
    assert cap.obeys == {"class": ("marketing",)}
    full = {**CONTACT, **GIVEN, "cap.weekly.used": 3}
    assert ask(pack, "contact", full).outcome is Outcome.DENY
    service = {**full, "action.class": "service"}
    assert ask(pack, "contact", service).outcome is Outcome.ALLOW
    del service["cap.weekly.used"]
    assert ask(pack, "contact", service).outcome is Outcome.ALLOW, "what is exempt needs no count"


def test_a_cap_on_offers_may_hold_one_goal_only() -> None:
    pack = of(("quiet_hours:\n", ONE.replace("obeys: {}", "obeys: {goal: [win_back]}")))
    full = {**OFFER, **GIVEN, "cap.one_a_case.used": 1}
    assert ask(pack, "offer", full).outcome is Outcome.ALLOW
    assert ask(pack, "offer", full, action__goal="win_back").outcome is Outcome.DENY
    assert ask(pack, "offer", full, action__goal=None).outcome is Outcome.DENY


def test_caps_are_not_lifted() -> None:
    pack = of(("quiet_hours:\n", ONE))
    full = {**OFFER, **GIVEN, "cap.one_a_case.used": 1}
    lifted = ask(pack, "offer", full, {"one_a_case": "they are very sad"})
    assert lifted.outcome is Outcome.DENY and "override_of_hard" in fired(lifted)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (PER, "    per: ^goals\n",
         "per: is one of person, channel, purpose, goal, journey, not 'goals'; "
         "did you mean 'goal'?"),
        (PER, f"{PER}    on: [^ticket]\n", "unknown 'ticket' in on:"),
        (PER, f"{PER}    on: ^[contact, offer]\n",
         "a cap is on: [contact] or on: [offer]; make it two caps"),
        (PER, f"{PER}    on: ^[]\n", "on: is empty"),
        (ROLLING, "    window: ^{ever: true}\n", "a window without an end is for per: journey"),
        (ROLLING, "    window: {ever: ^false}\n", "ever: is true, or the window is another one"),
        (ROLLING, "    window: ^{ever: true, rolling: P7D}\n",
         "window: is {rolling: P7D}, {calendar: day} or {ever: true}"),
    ],
)  # fmt: skip
def test_a_wrong_cap_is_told(old: str, new: str, says: str) -> None:
    refuses(old, new, says)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("per: journey", "per: channel",
         "per: is one of person, purpose, goal, journey, not 'channel'"),
        ("obeys: {}", "obeys: {class: [marketing]}",
         "unknown key 'class' in obeys:"),
        ("obeys: {}", "obeys: {}\n    counts: {channel: [email]}",
         "unknown key 'channel' in counts:"),
    ],
)  # fmt: skip
def test_offers_have_no_class_and_no_channel(old: str, new: str, says: str) -> None:
    with pytest.raises(Exception, match=says):
        of(("quiet_hours:\n", ONE.replace(old, new)))


def test_p2_a_fuller_count_never_widens_the_answer() -> None:
    pack = of(("quiet_hours:\n", ONE))
    for kind, facts, name in (
        ("contact", CONTACT, "cap.weekly.used"),
        ("offer", {**OFFER, "cap.one_a_case.used": 0}, "cap.one_a_case.used"),
    ):
        ranks = [ask(pack, kind, {**facts, **GIVEN, name: used}).outcome.rank for used in range(6)]
        assert ranks == sorted(ranks)


def test_the_small_pack_knows_no_goals() -> None:
    assert "action.goal" not in SMALL
    refuses("obeys: {class: [marketing]}\n    because: Three a week",
            "obeys: {^goal: [win_back]}\n    because: Three a week",
            "unknown key 'goal' in obeys:")  # fmt: skip
