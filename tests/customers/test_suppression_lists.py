"""Suppression lists: plain or by digest, once, in force at once, for whoever it turns out to be."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from customers import suppression, suppression_lists
from customers.barrier import barrier
from customers.identifiers import Identifier, normalise
from customers.import_cells import RowProblem
from customers.suppression_entries import FIELDS, Entry, parsed
from customers.suppression_lists import Outcome
from store.ledger import EffectStatus
from store.schema import suppressions
from tests.customers.house import House
from tests.customers.people import DAY, NOW, Town, identify

ADA, NUMBER = "ada@example.com", "+493023125000"
PAST, LATER = "2026-01-04T10:00:00Z", "2026-01-06T10:00:00Z"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


#: Ada, in every way an entry may name her.
NAMED = [
    {"email": ADA},
    {"phone": NUMBER},
    {"user_id": "ada"},
    {"email_sha256": sha256(ADA)},
    {"email_md5": md5(ADA)},
    {"phone_sha256": sha256(NUMBER)},
]


def add(town: Town, *rows: Mapping[str, Any], now: int = NOW) -> list[Outcome]:
    done: list[Outcome] = town.run(
        suppression_lists.add_entries,
        town.vault,
        rows,
        by="ann",
        now_us=now,
        fresh_id=town.fresh_id,
    )
    return done


def said(town: Town, *rows: Mapping[str, Any]) -> list[str]:
    return [outcome.outcome for outcome in add(town, *rows)]


def person(town: Town) -> str:
    return town.who(identify("ada", email=ADA, phone=NUMBER))


def barred(town: Town, customer_id: str, purpose: str = "marketing", now: int = NOW) -> bool:
    return (
        town.db.read_now(barrier, town.vault, customer_id, purpose=purpose, now_us=now)
        == "suppressed"
    )


def stopped(town: Town, customer_id: str, channel: str, address: str | None) -> bool:
    hashed = None if address is None else Identifier("email", address).hashed(town.vault)
    rows = town.db.read_now(suppression.in_force, customer_id, NOW)
    return suppression.is_suppressed(rows, purpose="service", channel=channel, address_hash=hashed)


def exported(town: Town, now: int = NOW) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = town.db.read_now(suppression_lists.export, town.vault, now_us=now)
    return rows


def written(town: Town) -> list[Any]:
    return town.rows(select(suppressions).order_by(suppressions.c.id))


@pytest.mark.parametrize("named", NAMED, ids=lambda named: next(iter(named)))
def test_p5_an_entry_holds_at_once_for_somebody_known_and_stops_what_is_queued(
    any_town: Town, named: dict[str, str]
) -> None:
    ada = person(any_town)
    bob = any_town.who(identify("bob", email="bob@example.com", phone="+493023125001"))
    hers, his = any_town.contact(ada), any_town.contact(bob)
    [outcome] = add(any_town, named)
    assert (outcome.outcome, outcome.people, outcome.stopped) == ("known", (ada,), 1)
    assert barred(any_town, ada) and not barred(any_town, ada, "service")
    assert not barred(any_town, bob)
    assert any_town.status(hers) == EffectStatus.CANCELLED
    assert any_town.status(his) == EffectStatus.SCHEDULED


@pytest.mark.parametrize("named", NAMED, ids=lambda named: next(iter(named)))
def test_p5_an_entry_for_nobody_we_know_waits_for_them(
    any_town: Town, named: dict[str, str]
) -> None:
    [outcome] = add(any_town, named | {"scope": "all", "reason": "asked by letter"})
    assert (outcome.outcome, outcome.people) == ("unknown", ())
    [row] = written(any_town)
    assert row.customer_id is None and row.reason_sealed is None
    assert not any(value in str(tuple(row)) for value in named.values()), "only our own keyed hash"
    assert not barred(any_town, any_town.who(identify("bob", email="bob@example.com")))
    assert barred(any_town, person(any_town), "service")


@pytest.mark.parametrize("named", NAMED, ids=lambda named: next(iter(named)))
@pytest.mark.parametrize("known", [True, False])
def test_the_same_entry_twice_is_one(town: Town, named: dict[str, str], known: bool) -> None:
    if known:
        person(town)
    first = said(town, named, named)
    again = said(town, named)
    assert {*first, *again} == {"known" if known else "unknown"}
    assert len(written(town)) == 1
    add(town, named | {"until": LATER})
    assert len(written(town)) == 1, "it stands for longer already"
    add(town, named | {"purpose": "service"})
    assert len(written(town)) == 2


def test_an_entry_that_stands_for_less_long_is_written_anew(town: Town) -> None:
    ada = person(town)
    add(town, {"email": ADA, "until": LATER})
    add(town, {"email": ADA})
    assert barred(town, ada, now=NOW + 2 * DAY)


def test_an_entry_that_a_person_lifted_holds_again_when_it_is_sent_again(town: Town) -> None:
    ada = person(town)
    add(town, {"email_sha256": sha256(ADA)})
    town.run(suppression.lift, ada, scope="purpose", channel=None, now_us=NOW)
    assert not barred(town, ada)
    assert said(town, {"email_sha256": sha256(ADA)}) == ["known"]
    assert barred(town, ada)


def test_a_digest_that_waited_is_found_when_its_list_comes_again(town: Town) -> None:
    """The process stopped after the list was written and before anybody was searched for."""
    ada = person(town)
    entries = [parsed({"email_md5": md5(ADA)}, now_us=NOW)]
    town.run(
        suppression_lists.record,
        town.vault,
        entries,
        by="ann",
        now_us=NOW,
        fresh_id=town.fresh_id,
    )
    assert not barred(town, ada)
    assert said(town, {"email_md5": md5(ADA)}) == ["known"]
    assert barred(town, ada) and len(written(town)) == 1


@pytest.mark.parametrize("named", [{"email": ADA}, {"email_sha256": sha256(ADA)}])
@pytest.mark.parametrize("known", [True, False])
def test_an_address_is_suppressed_as_that_address(
    town: Town, named: dict[str, str], known: bool
) -> None:
    first = person(town) if known else None
    add(town, named | {"scope": "address"})
    ada = first or person(town)
    assert stopped(town, ada, "email", ADA)
    assert not stopped(town, ada, "email", "new@example.com")
    assert not stopped(town, ada, "sms", None)


def test_what_goes_to_another_address_is_not_cancelled(town: Town) -> None:
    ada = person(town)
    town.who(identify("ada", email="new@example.com"), now=NOW + 1)
    queued = town.contact(ada)
    add(town, {"email": ADA, "scope": "address"})
    assert town.status(queued) == EffectStatus.SCHEDULED
    add(town, {"email": "new@example.com", "scope": "address"})
    assert town.status(queued) == EffectStatus.CANCELLED


def test_an_entry_that_names_two_people_holds_for_both(town: Town) -> None:
    ada = person(town)
    bob = town.who(identify("bob", email="bob@example.com"))
    [outcome] = add(town, {"user_id": "bob", "email_md5": md5(ADA)})
    assert set(outcome.people) == {ada, bob}
    assert barred(town, ada) and barred(town, bob)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({}, "names nobody"),
        ({"scope": "all"}, "names nobody"),
        ({"email": "nobody at all"}, "email is not an e-mail address"),
        ({"phone": "0171 3920000"}, "phone is not a phone number"),
        ({"user_id": "undefined"}, "user_id names nobody"),
        ({"user_id": ["a"]}, "user_id is a list"),
        ({"email_sha256": sha256(ADA)[:-1]}, "email_sha256 is not sha256 in hex: 64 digits"),
        ({"email_md5": sha256(ADA)}, "email_md5 is not md5 in hex: 32 digits"),
        ({"email": ADA, "scope": "some"}, "scope is none of"),
        ({"email": ADA, "purpose": "legal"}, "purpose is none of"),
        ({"email": ADA, "channel": "fax"}, "channel is none of"),
        ({"email": ADA, "scope": "all", "channel": "sms"}, "leave channel out"),
        ({"email": ADA, "scope": "all", "purpose": "service"}, "purpose belongs"),
        ({"user_id": "a", "scope": "address"}, "needs the channel"),
        ({"email": ADA, "scope": "address", "channel": "sms"}, "channel is not that of email"),
        ({"email": ADA, "reason": "x" * 501}, "reason is longer"),
        ({"email": ADA, "until": PAST}, "until lies in the past"),
        ({"email": ADA, "until": "2027-01-01"}, "until has no zone"),
        ({"email": ADA, "chanel": "sms"}, "has a field that no entry has"),
    ],
)
def test_a_row_that_is_no_entry_is_refused_by_itself(
    town: Town, row: dict[str, Any], why: str
) -> None:
    refused, taken = add(town, row, {"email": "bob@example.com"})
    assert (refused.outcome, taken.outcome) == ("refused", "unknown")
    assert refused.why is not None and why in refused.why
    assert ADA not in refused.why and "nobody at all" not in refused.why
    assert len(written(town)) == 1


def test_p10_an_entry_does_not_bring_somebody_erased_back(house: House) -> None:
    town = house.town
    assert said(town, {"email": "ada.lovelace@example.com"}) == ["known"]
    house.erase()
    digest = sha256("ada.lovelace@example.com")
    assert said(town, {"email": "ada.lovelace@example.com"}, {"email_sha256": digest}) == [
        "unknown",
        "unknown",
    ]
    assert "lovelace" not in str(exported(town))
    assert town.db.read_now(suppression_lists.erased_identifiers) == 4


def test_what_is_in_force_is_listed_with_plain_values_where_they_can_be_opened(town: Town) -> None:
    person(town)
    add(town, {"email_sha256": sha256(ADA), "reason": "asked by letter"})
    add(town, {"phone": NUMBER, "scope": "address"})
    add(town, {"email": "stranger@example.com", "scope": "all"})
    add(town, {"email_md5": md5("other@example.com")})
    add(town, {"user_id": "carl", "until": LATER})
    town.who(identify("dan"))
    add(town, {"user_id": "dan"})
    dan, carl, by_md5, stranger, number, letter = exported(town)
    assert dan["identifiers"] == [{"kind": "user_id", "value": "dan"}]
    for waits in (carl, by_md5, stranger):
        assert waits["hashed"] and waits["identifiers"] == []
    assert (number["scope"], number["channel"]) == ("address", "sms")
    assert number["identifiers"] == [{"kind": "phone", "value": NUMBER}]
    assert not number["hashed"]
    assert {i["value"] for i in letter["identifiers"]} == {ADA, NUMBER}
    assert letter["reason"] == "asked by letter"
    assert len(exported(town, NOW + 2 * DAY)) == 5, "what has ended is not in force"


def test_the_reason_is_kept_for_somebody_known(town: Town) -> None:
    person(town)
    add(town, {"email": ADA, "reason": "asked by letter"})
    assert [row["reason"] for row in exported(town)] == ["asked by letter"]
    assert b"letter" not in written(town)[0].reason_sealed


def test_the_list_is_paged_without_gap_or_repeat(town: Town) -> None:
    add(town, *({"user_id": f"u{k}"} for k in range(7)))
    whole = [row["id"] for row in exported(town)]
    pages, after = [], None
    while page := town.db.read_now(
        suppression_lists.export, town.vault, now_us=NOW, after=after, limit=3
    ):
        pages.append([row["id"] for row in page])
        after = page[-1]["id"]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sum(pages, []) == whole


def test_a_search_tells_how_far_it_is(town: Town) -> None:
    for k in range(1_001):
        town.who(identify(f"u{k}", email=f"u{k}@example.com"))
    heard: list[int] = []
    entries = [parsed({"email_md5": md5("u1000@example.com")}, now_us=NOW)]
    found = town.db.read_now(
        suppression_lists.people_behind, town.vault, entries, progress=heard.append
    )
    assert heard == [1_000]
    assert list(found.values()) == [Identifier("email", "u1000@example.com").hashed(town.vault)]


local = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789._-+", min_size=1, max_size=20).filter(
    lambda text: normalise("email", f"{text}@example.com") is not None
)


@given(name=local, shout=st.booleans(), blank=st.sampled_from(["", " ", "\t"]))
def test_every_spelling_of_one_address_is_one_entry(name: str, shout: bool, blank: str) -> None:
    usual = f"{name}@Example.com"
    other = f"{blank}{usual.upper() if shout else usual.lower()}{blank}"
    one, two = (parsed({"email": spelled}, now_us=NOW) for spelled in (usual, other))
    assert isinstance(one, Entry) and one == two
    [named] = one.named
    assert named.value == usual.lower()
    for column, digest in (("email_sha256", sha256), ("email_md5", md5)):
        by_digest = parsed({column: digest(usual.lower()).upper()}, now_us=NOW)
        assert isinstance(by_digest, Entry)
        [hashed] = by_digest.named
        assert hashed.value == digest(named.value)


@given(
    st.dictionaries(
        st.sampled_from([*FIELDS, "other"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=70), st.just([1])),
    )
)
def test_any_row_is_an_entry_or_a_problem(row: dict[str, Any]) -> None:
    assert isinstance(parsed(row, now_us=NOW), Entry | RowProblem)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=local, shout=st.booleans())
def test_an_identifier_is_asked_for_by_all_its_hashes(town: Town, name: str, shout: bool) -> None:
    spelled = f"{name}@example.com"
    known = normalise("email", spelled.upper() if shout else spelled)
    assert known is not None
    rows = [{"email": spelled}, {"email_sha256": sha256(spelled.lower())}]
    rows.append({"email_md5": md5(spelled.lower())})
    entries = [parsed(row, now_us=NOW) for row in rows]
    asked = [n.hashed(town.vault) for e in entries if isinstance(e, Entry) for n in e.named]
    assert tuple(asked) == known.hashes(town.vault)
    assert len(set(asked)) == 3
