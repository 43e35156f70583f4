"""`quiet_hours:` as a pack writes it: one window or several, and how the rush is spread."""

from __future__ import annotations

from typing import Any

import pytest

from policies.pack import Pack, load_pack
from policies.quiet import Hours
from policies.verdict import Outcome
from tests.policies.packs import CONTACT, HOUR, NOON, ask, fired, refuses, small, swapped, told

ONE = '  from: "21:00"\n  to: "08:00"\n  obeys: {class: [marketing]}\n  because: People sleep\n'
TWO = """\
  - from: "21:00"
    to: "08:00"
    obeys: {class: [marketing]}
    because: People sleep
  - id: sundays
    from: "00:00"
    to: "24:00"
    days: [sun]
    obeys: {channel: [sms]}
    because: Sundays are theirs
"""
SATURDAY = NOON + 5 * 24 * HOUR  # 6 June 2026
SUNDAY = SATURDAY + 24 * HOUR


def two(spread: str = "") -> Pack:
    text = TWO.replace("    days:", f"    {spread}\n    days:") if spread else TWO
    return load_pack(swapped(ONE, text), file="p.yaml")


def asked(pack: Pack, now_us: int, **changes: Any) -> dict[str, Any]:
    verdict = ask(pack, "contact", CONTACT, now_us=now_us, **changes)
    assert verdict.outcome in (Outcome.ALLOW, Outcome.NEEDS_REASON)
    return verdict.obligations


def test_a_single_mapping_is_one_window_of_every_day() -> None:
    [quiet] = small().quiet_hours
    assert (quiet.id, quiet.hours) == ("quiet_hours", Hours(21 * 60, 8 * 60))


def test_each_window_holds_whom_it_names() -> None:
    pack = two()
    assert [quiet.id for quiet in pack.quiet_hours] == ["quiet_hours", "quiet_hours.sundays"]
    assert asked(pack, SUNDAY) == {}
    texted = ask(pack, "contact", CONTACT, now_us=SUNDAY, action__channel="sms")
    assert texted.obligations["not_before_us"] == SUNDAY + 20 * HOUR
    assert fired(texted).keys() >= {"quiet_hours", "quiet_hours.sundays"}
    service = ask(pack, "contact", CONTACT, now_us=SUNDAY, action__channel="sms",
                  action__class="service")  # fmt: skip
    assert service.obligations["not_before_us"] == SUNDAY + 12 * HOUR
    assert service.obligations["defer_until_local"] == "00:00"


def test_the_message_leaves_when_every_window_is_over() -> None:
    late = SATURDAY + 10 * HOUR
    assert asked(two(), late)["not_before_us"] == SUNDAY - 4 * HOUR
    texted = asked(two(), late, action__channel="sms")
    assert texted["not_before_us"] == SUNDAY + 20 * HOUR
    assert texted["defer_until_local"] == "08:00"


def test_each_window_can_be_looked_up_and_lifted_by_nobody() -> None:
    view = two().rule("quiet_hours.sundays")
    assert view is not None and view.because == "Sundays are theirs"
    assert view.condition == "local time in [00:00, 24:00) on sun for channel sms"
    lift = ask(two(), "contact", CONTACT, {"quiet_hours.sundays": "we want to"})
    assert lift.outcome is Outcome.DENY and "override_of_hard" in fired(lift)


@pytest.mark.parametrize(("minutes", "apart"), [(0, None), (15, 15), (120, 120)])
def test_a_pack_says_how_far_apart_messages_leave(minutes: int, apart: int | None) -> None:
    for pack in (
        two(f"spread_minutes: {minutes}"),
        load_pack(swapped(ONE, ONE + f"  spread_minutes: {minutes}\n"), file="p.yaml"),
    ):
        owed = asked(pack, NOON + 10 * HOUR)
        last = owed.get("spread_until_us")
        assert last == (None if apart is None else owed["not_before_us"] + apart * HOUR // 60)


def test_nobody_leaves_after_it_is_of_use_or_into_the_next_quiet_hours() -> None:
    short = asked(two(), NOON + 10 * HOUR, action__useful_minutes=10 * 60 + 7)
    assert short["spread_until_us"] - short["not_before_us"] == 7 * HOUR // 60
    text = TWO.replace('"00:00"\n    to: "24:00"\n    days: [sun]', '"08:05"\n    to: "20:00"')
    narrow = load_pack(swapped(ONE, text), file="p.yaml")
    owed = asked(narrow, NOON + 10 * HOUR, action__channel="sms")
    assert owed["spread_until_us"] == owed["not_before_us"] + 5 * HOUR // 60 - 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("days: [sun]", "days: [^sunday]", "unknown 'sunday' in days:; did you mean 'sun'?"),
        ("days: [sun]", "days: [sun, ^sun]", "'sun' stands twice in days:"),
        ("days: [sun]", "days: ^[]", "days: is empty"),
        ('to: "24:00"', 'to: "^00:00"',
         "from: and to: are the same time: that would be no hour or all"),
        ('from: "00:00"', 'from: "^24:00"', "'24:00' is not a local time such as \"08:00\""),
        ('to: "24:00"', 'to: "^24:30"', "'24:30' is not a local time such as \"08:00\""),
        ("- id: sundays\n    from", "- ^from",
         "another of the quiet_hours has no id: either; give this one an id:"),
        ("id: sundays", "id: ^no way", "'no way' is not an id such as no_code_twice or H1"),
        ("days: [sun]", "^day: [sun]", "unknown key 'day' in quiet_hours; did you mean 'days'?"),
        ("days: [sun]", "spread_minutes: ^121", "spread_minutes: is 0 to 120"),
        ("days: [sun]", "spread_minutes: ^-1", "spread_minutes: is 0 to 120"),
        ("days: [sun]", "spread_minutes: ^soon", "spread_minutes: must be a whole number"),
    ],
)  # fmt: skip
def test_a_wrong_window_is_told(old: str, new: str, says: str) -> None:
    refuses(ONE, swapped(old, new, TWO), says)


def test_quiet_hours_without_a_window_are_told() -> None:
    refuses("quiet_hours:\n" + ONE, "quiet_hours: ^[]\n", "quiet_hours: is empty")


def test_the_spread_is_said_once() -> None:
    text = TWO.replace("    obeys", "    spread_minutes: 5\n    obeys")
    assert told(swapped(ONE, text))[0].endswith("spread_minutes: is said once, for all windows")


def test_p6_what_is_malformed_is_a_denial_however_many_windows_there_are() -> None:
    for zones in (("Mars/Base",), (), ("Europe/Berlin", 7), "Europe/Berlin", None):
        verdict = ask(two(), "contact", {**CONTACT, "customer.zones": zones})
        assert verdict.outcome is Outcome.DENY and verdict.missing == ("customer.zones",)
