"""The file of jurisdictions: read like a pack, dated, and held to wherever a person may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any

import pytest
import tzdata  # type: ignore[import-untyped]  # noqa: F401 - the zones the file is compared with

from policies.jurisdictions import Jurisdiction, counting, read_jurisdictions
from policies.pack import Pack, PolicyError, load_pack
from policies.verdict import FiredKind, Outcome, Verdict
from policies.zones import zone
from tests.policies.packs import COMMERCE, CONTACT, SMALL, ask, fired, swapped

SHIPPED = (COMMERCE.parent / "jurisdictions.yaml").read_text(encoding="utf-8")
FACT = "  customer.jurisdictions: {jurisdictions, for: [contact], when: {class: [marketing]}}\n"
TEXT = swapped("currency: EUR\n", "currency: EUR\njurisdictions: true\n")
TEXT = swapped("  customer.zones:", FACT + "  customer.zones:", TEXT)
HERE = """\
notice: Check with counsel
jurisdictions:
  - id: FR
    name: France
    zones: [Europe/Paris]
    in_force_from: "2023-03-01"
    as_of: "2025-11-01"
    source: a decree
    url: https://example.org
    confidence: high
    covers: calls
    because: The decree says so
    holidays: [05-01]
    quiet:
      - {channels: [sms], from: "20:00", to: "10:00", holidays: true, days: [sun]}
"""


@cache
def laws() -> tuple[Jurisdiction, ...]:
    return read_jurisdictions(SHIPPED)


@cache
def pack(library: str = SHIPPED) -> Pack:
    return load_pack(TEXT, file="p.yaml", library={"jurisdictions": library})


def at(text: str, name: str = "America/New_York") -> int:
    local = datetime.fromisoformat(text).replace(tzinfo=zone(name))
    return (local.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def texted(now_us: int, ids: Any, zones: Any = ("America/New_York",), **more: Any) -> Verdict:
    facts = {**CONTACT, "action.channel": "sms", "customer.zones": zones, "now_us": now_us,
             "customer.jurisdictions": ids, "action.useful_minutes": 20_000, **more}  # fmt: skip
    return pack().decide("contact", facts, call_digest="d", overrides={"prefer_email": "asked to"})


def test_the_shipped_file_says_whom_to_ask_and_names_a_source_for_everything() -> None:
    assert "Check with counsel" in SHIPPED
    assert {"US", "US-FL", "FR", "IT", "CA"} <= {law.id for law in laws()}
    assert [law.id for law in laws()] == sorted(law.id for law in laws())
    assert SHIPPED.count("https://") + SHIPPED.count("http://") == len(laws())


def test_the_zones_of_a_country_are_those_of_the_tz_database() -> None:
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    for law in laws():
        listed = {cells[2] for cells in rows if cells[0] == law.id[:2]}
        assert law.zones <= listed if "-" in law.id else law.zones == listed, law.id


def test_a_text_to_florida_waits_from_eight_in_the_evening_and_the_verdict_says_why() -> None:
    early = texted(at("2026-06-02T19:59"), ("US", "US-FL"))
    assert early.outcome is Outcome.ALLOW and early.obligations == {}
    verdict = texted(at("2026-06-02T20:30"), ("US", "US-FL"))
    assert verdict.outcome is Outcome.ALLOW
    assert verdict.obligations["not_before_us"] == at("2026-06-03T08:00")
    [law] = [one for one in verdict.fired if one.rule == "quiet_hours.US-FL"]
    assert law.kind is FiredKind.QUIET and "Fla. Stat. 501.616" in law.because
    assert law.facts["customer.jurisdictions"] == ("US", "US-FL")
    view = pack().rule("quiet_hours.US-FL")
    assert view is not None and view.file == "jurisdictions.yaml" and view.line > 1


def test_an_email_or_a_service_text_is_not_held_to_the_hours_of_calls() -> None:
    now = at("2026-06-02T20:30")
    assert texted(now, ("US", "US-FL"), **{"action.channel": "email"}).obligations == {}
    assert texted(now, ("US", "US-FL"), **{"action.class": "service"}).obligations == {}


def test_a_region_holds_where_it_lies_and_everywhere_when_nobody_is_in_it() -> None:
    now = at("2026-06-02T20:30")
    both = ("America/Denver", "America/New_York")  # 18:30 in Denver
    assert "quiet_hours.US-FL" in fired(texted(now, ("US-FL",), both))
    west = texted(at("2026-06-02T20:30", "America/Denver"), ("US-FL",), ("America/Denver",))
    assert "quiet_hours.US-FL" in fired(west)
    east = texted(at("2026-06-02T20:30", "Europe/Berlin"), ("US-FL",), both)
    assert "quiet_hours.US-FL" not in fired(east)
    older = texted(now, ("US-FL",), ("US/Eastern", "America/Denver"))
    assert "quiet_hours.US-FL" in fired(older)


def test_sunday_mornings_in_texas_and_whole_sundays_and_holidays_in_france() -> None:
    noon = texted(at("2026-06-07T10:00", "America/Chicago"), ("US-TX",), ("America/Chicago",))
    assert noon.obligations["not_before_us"] == at("2026-06-07T12:00", "America/Chicago")
    paris = ("Europe/Paris",)
    labour = texted(at("2026-04-30T22:30", "Europe/Paris"), ("FR",), paris)
    assert labour.obligations["not_before_us"] == at("2026-05-02T08:00", "Europe/Paris")
    ascension = texted(at("2026-05-14T12:00", "Europe/Paris"), ("FR",), paris)
    assert ascension.obligations["not_before_us"] == at("2026-05-15T08:00", "Europe/Paris")
    whit = texted(at("2026-05-24T12:00", "Europe/Paris"), ("FR",), paris)
    assert whit.obligations["not_before_us"] == at("2026-05-26T08:00", "Europe/Paris")


def test_a_rule_does_not_hold_before_it_is_in_force() -> None:
    evening = "T20:30"
    before = texted(at("2021-06-30" + evening), ("US-FL",))
    since = texted(at("2021-07-01" + evening), ("US-FL",))
    assert "quiet_hours.US-FL" not in fired(before) and "quiet_hours.US-FL" in fired(since)


def test_more_jurisdictions_never_let_a_message_out_earlier() -> None:
    ids = ("FR", "US", "US-CT", "US-TX")
    for hour in range(0, 24, 3):
        now = at(f"2026-05-31T{hour:02d}:30")
        found = {
            chosen: texted(now, chosen).obligations.get("not_before_us", now)
            for n in range(len(ids) + 1)
            for chosen in combinations(ids, n)
        }
        for small, large in combinations(found, 2):
            if set(small) <= set(large):
                assert found[small] <= found[large]


@pytest.mark.parametrize(
    "ids", [None, ("XX",), ["US"], "US", (7,), ("US", "US"), ("us",), ("US", "Mars")]
)
def test_p6_unknown_or_malformed_places_are_a_denial(ids: Any) -> None:
    verdict = texted(at("2026-06-02T12:00"), ids)
    assert verdict.outcome is Outcome.DENY and verdict.missing == ("customer.jurisdictions",)


def test_nobody_in_a_place_with_rules_is_a_value() -> None:
    assert texted(at("2026-06-02T20:30"), ()).obligations == {}


def test_the_digest_covers_the_file_and_only_where_it_is_used() -> None:
    other = SHIPPED.replace("Check with counsel.", "Ask counsel.")
    assert pack().sha256 != pack(other).sha256
    plain = load_pack(SMALL, file="p.yaml")
    assert plain.sha256 == load_pack(SMALL, file="p.yaml", library={"jurisdictions": other}).sha256


def test_a_pack_without_the_file_or_the_facts_is_refused() -> None:
    def says(text: str, library: dict[str, str]) -> str:
        with pytest.raises(PolicyError) as caught:
            load_pack(text, file="p.yaml", library=library)
        return str(caught.value)

    assert "p.yaml:4:16: jurisdictions: needs jurisdictions.yaml, which is not there" in says(
        TEXT, {}
    )
    shipped = {"jurisdictions": SHIPPED}
    assert "jurisdictions: is true, or is left out" in says(
        TEXT.replace("jurisdictions: true", "jurisdictions: false"), shipped
    )
    missing = says(TEXT.replace(FACT, ""), shipped)
    assert "jurisdictions needs the fact 'customer.jurisdictions' (jurisdictions)" in missing
    assert "'customer.jurisdictions' is for packs that say jurisdictions: true" in says(
        TEXT.replace("jurisdictions: true\n", ""), {}
    )
    words = TEXT.replace("[marketing, service]", "[promotion, service]").replace(
        "marketing", "promotion"
    )
    assert "needs the word 'marketing' in 'action.class'" in says(words, shipped)
    taken = TEXT.replace("quiet_hours:\n  from", "quiet_hours:\n  id: FR\n  from")
    assert "'quiet_hours.FR' is the rule of a jurisdiction" in says(taken, shipped)
    broken = says(TEXT, {"jurisdictions": SHIPPED.replace("Europe/Rome", "Europe/Roma")})
    assert broken.startswith("jurisdictions.yaml:") and "unknown time zone 'Europe/Roma'" in broken


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("id: FR", "id: ^France", "'France' is not a code of ISO 3166 such as US or US-FL"),
        ("[Europe/Paris]", "[^Europe/Pariss]", "unknown time zone 'Europe/Pariss'"),
        ("confidence: high", "confidence: ^sure", "confidence: is one of high, medium, low"),
        ('"2023-03-01"', '"^2023-03-32"', "in_force_from: is a day such as 2026-01-31"),
        ('"2025-11-01"', '"^lately"', "as_of: is a day such as 2026-01-31"),
        ("[05-01]", "[05-01, ^05-41]", "'05-41' is not a holiday such as 12-25 or easter+1"),
        ("[sms]", "[^text]", "unknown 'text' in channels:"),
        ("holidays: true", "holidays: ^[05-02]", "holidays: is true, or is left out"),
        ("    holidays: [05-01]\n    quiet:\n      - {channels: [sms], ",
         "    quiet:\n      - {channels: [sms], ",
         None),
        ("days: [sun]", "days: [^Sunday]", "unknown 'Sunday' in days:"),
        ('to: "10:00"', 'to: "^20:00"',
         "from: and to: are the same time: that would be no hour or all"),
        ("notice: Check with counsel\n", "", "the file lacks the key 'notice'"),
        ("    source: a decree\n", "", "a jurisdiction lacks the key 'source'"),
        ("    name: France", "    nome: France", "unknown key 'nome' in a jurisdiction"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_told_with_its_place(old: str, new: str, says: str | None) -> None:
    marked = swapped(old, new, HERE)
    place, _, rest = marked.partition("^")
    with pytest.raises(PolicyError) as caught:
        read_jurisdictions(place + rest)
    told = str(caught.value)
    assert (says or "this jurisdiction names no holidays:") in told
    if rest:
        line, col = place.count("\n") + 1, len(place) - place.rfind("\n")
        assert f"jurisdictions.yaml:{line}:{col}: " in told


def test_a_place_that_stands_twice_or_a_file_that_is_no_mapping_is_told() -> None:
    with pytest.raises(PolicyError, match="FR stands twice"):
        read_jurisdictions(HERE + HERE[HERE.index("  - id") :])
    with pytest.raises(PolicyError, match="this file is a mapping with 'notice:'"):
        read_jurisdictions("- FR\n")


@pytest.mark.parametrize(
    ("places", "zones", "phone", "ids"),
    [
        (("FR",), ("Europe/Paris",), None, {"FR"}),
        (("US", "US-FL"), ("America/New_York",), None, {"US", "US-FL"}),
        (("US", "US-NY"), ("America/New_York",), None, {"US"}),
        (("US", "US-NY"), ("America/New_York",), "+13055551234", {"US", "US-FL"}),
        (("US",), ("America/New_York",), None, {"US", "US-CT", "US-FL", "US-MD"}),
        (("US",), ("America/Los_Angeles",), None, {"US", "US-WA"}),
        ((), ("US/Pacific",), None, {"US", "US-WA"}),
        ((), ("Europe/Rome", "Europe/Paris"), None, {"IT", "FR"}),
        (("FR",), ("Europe/Rome", "Europe/Paris"), None, {"IT", "FR"}),
        (("DE",), ("Europe/Berlin",), None, set()),
        ((), ("Etc/UTC",), None, set()),
    ],
)
def test_every_place_where_somebody_could_be_counts(
    places: tuple[str, ...], zones: tuple[str, ...], phone: str | None, ids: set[str]
) -> None:
    found = counting(laws(), places, zones, phone)
    assert set(found) == ids and list(found) == sorted(found)


def test_the_small_pack_asks_nothing_about_places() -> None:
    assert "customer.jurisdictions" not in load_pack(SMALL, file="p").needs("contact")
    assert ask(pack(), "contact", CONTACT, customer__jurisdictions=()).outcome is Outcome.ALLOW
