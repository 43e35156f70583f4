"""Probable matches in the database: joined, linked, or left; and what never follows of a link."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from customers import consent, linking, match_store, merge_log
from customers.linking import Linked, consider
from customers.resolve import find
from store.schema import customers, match_keys, match_records, merges, soft_links
from tests.customers.people import NOW, Town, identify, track
from tests.customers.test_split import LATER, split

ADA: dict[str, Any] = {
    "firstName": "Augusta",
    "lastName": "Lovelace",
    "birthday": "1985-12-10",
    "address": {"street": "12 Saint James Square", "city": "Horsley", "postalCode": "GU23"},
}
#: The same but for name and birth date: somebody of the household.
SISTER = ADA | {"firstName": "Beatrice", "birthday": "1989-03-02"}
OTHER: dict[str, Any] = {
    "firstName": "Charles",
    "lastName": "Babbage",
    "birthday": "1971-12-26",
    "address": {"street": "1 Dorset Street", "city": "London", "postalCode": "W1U"},
}


class Pool:
    """A town in which whoever states traits is compared with everybody."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.mode: linking.Mode = "merge"

    def arrive(
        self, device: str | None = None, *, user: str | None = None, **traits: Any
    ) -> Linked:
        customer_id = self.town.who(identify(user, anonymous=device, **traits))

        def unit(conn: Connection) -> Linked:
            return consider(conn, self.town.vault, customer_id, mode=self.mode, now_us=NOW)

        done: Linked = self.town.run(unit)
        return done

    def links(self) -> list[Any]:
        return self.town.rows(select(soft_links))


@pytest.fixture
def pool(any_town: Town) -> Pool:
    return Pool(any_town)


def test_who_says_the_same_of_themselves_is_one_person_and_it_is_written_down(pool: Pool) -> None:
    first = pool.arrive("device-1", **ADA)
    pool.arrive("device-2", **OTHER)
    second = pool.arrive("device-3", **(ADA | {"firstName": "Augsuta"}))
    assert second == Linked(first.customer_id, second.absorbed)
    assert second.absorbed is not None
    (row,) = pool.town.rows(select(merges))
    assert (row.why, row.into_id, row.absorbed_id) == (
        "probable",
        first.customer_id,
        second.absorbed,
    )
    shown = merge_log.evidence_of(pool.town.vault, row)
    assert shown["posterior_bp"] > 9_900
    assert {"birth_date", "surname"} <= {part["field"] for part in shown["fields"]}
    assert "Lovelace" not in str(shown)


def test_a_relative_at_the_same_address_is_only_linked(pool: Pool) -> None:
    ada = pool.arrive("device-1", **ADA)
    sister = pool.arrive("device-2", **SISTER)
    assert sister.absorbed is None
    (link,) = pool.links()
    assert {link.one_id, link.other_id} == {ada.customer_id, sister.customer_id}
    assert (link.state, link.because) == ("open", "household")


def test_p11_nothing_follows_of_a_link(pool: Pool) -> None:
    ada, sister = pool.arrive("device-1", **ADA), pool.arrive("device-2", **SISTER)
    pool.town.who(
        track("Consent Granted", anonymous="device-1", channel="email", purpose="marketing")
    )
    assert len(pool.links()) == 1
    rows = pool.town.db.read_now(consent.of_customer, sister.customer_id)
    assert consent.states(rows, NOW)["email", "marketing"] == "absent"
    traits = pool.town.profile(sister.customer_id).traits
    assert traits["firstName"].value == "Beatrice"
    assert pool.town.db.read_now(find, pool.town.vault, "device-1") == ada.customer_id


def test_p11_two_user_ids_are_two_people_however_alike(pool: Pool) -> None:
    first, second = pool.arrive(user="ada-1", **ADA), pool.arrive(user="ada-2", **ADA)
    assert first.customer_id != second.customer_id
    assert pool.links() == []


def test_a_user_id_and_a_device_may_be_one(pool: Pool) -> None:
    first, second = pool.arrive(user="ada-1", **ADA), pool.arrive("device-2", **ADA)
    assert second.customer_id == first.customer_id


def test_two_who_fit_as_well_are_never_joined(pool: Pool) -> None:
    pool.arrive(user="twin-1", **ADA)
    pool.arrive(user="twin-2", **ADA)
    third = pool.arrive("device-3", **ADA)
    assert third.absorbed is None
    assert [link.because for link in pool.links()] == ["second"]


def test_the_setting_link_joins_nobody_and_off_does_not_even_look(pool: Pool) -> None:
    pool.mode = "link"
    pool.arrive("device-1", **ADA)
    assert pool.arrive("device-2", **ADA).absorbed is None
    assert [link.because for link in pool.links()] == ["setting"]
    pool.mode = "off"
    pool.arrive("device-3", **ADA)
    assert len(pool.links()) == 1
    assert len(pool.town.rows(select(match_records))) == 2


def test_in_a_small_shop_a_birthday_makes_nobody_one(pool: Pool) -> None:
    for device in ("device-1", "device-2"):
        pool.arrive(device, birthday="1985-12-10")
    assert pool.town.rows(select(merges)) == []
    address = {"street": "12 Saint James Square", "city": "Horsley", "postalCode": "GU23"}
    for device in ("device-3", "device-4"):
        pool.arrive(device, birthday="1990-01-02", address=address)
    assert pool.town.rows(select(merges)) == []
    assert "few" in {link.because for link in pool.links()}


def test_who_was_taken_apart_stays_apart(pool: Pool) -> None:
    pool.arrive("device-1", **ADA)
    joined = pool.arrive("device-2", **ADA)
    (row,) = pool.town.rows(select(merges))
    pool.town.run(split, pool.town.vault, merge_id=row.id, by="mia", reason="sisters", now_us=LATER)
    assert len(pool.town.rows(select(match_records))) == 2
    pool.arrive("device-2", **(ADA | {"firstName": "Augustina"}))
    gone = pool.town.rows(select(customers).where(customers.c.merged_into.is_not(None)))
    assert gone == []
    assert joined.absorbed is not None


def test_who_says_the_same_again_is_not_compared_again(pool: Pool) -> None:
    pool.arrive("device-1", **SISTER)
    pool.arrive("device-2", **ADA)
    (link,) = pool.links()

    def dismiss(conn: Connection) -> bool:
        return linking.decide(
            conn, link.one_id, link.other_id, state="dismissed", by="mia", now_us=NOW
        )

    assert pool.town.run(dismiss)
    pool.arrive("device-2", **ADA)
    pool.arrive("device-2", **(ADA | {"lastName": "Lovelase"}))
    assert [row.state for row in pool.links()] == ["dismissed"]


def test_p10_nothing_compared_of_the_erased_is_left(pool: Pool) -> None:
    ada, sister = pool.arrive("device-1", **ADA), pool.arrive("device-2", **SISTER)
    pool.town.run(linking.forget, [ada.customer_id])
    assert pool.links() == []
    for table in (match_records, match_keys):
        owners = {row.customer_id for row in pool.town.rows(select(table))}
        assert owners == {sister.customer_id}
    assert pool.town.db.read_now(match_store.totals).records == 1


def test_a_block_of_too_many_tells_nobody_apart(pool: Pool) -> None:
    born = {"birthday": "1985-12-10"}
    for n in range(match_store.BLOCK_CAP + 1):
        pool.arrive(f"device-{n}", **born)
    record = pool.town.db.read_now(
        match_store.record_of, pool.town.vault, pool.arrive("device-x", **born).customer_id
    )
    assert record is not None
    near = pool.town.db.read_now(match_store.candidates, pool.town.vault, record, without="nobody")
    assert near == {}


def test_more_people_never_make_a_match_likelier(pool: Pool) -> None:
    before = pool.town.db.read_now(match_store.totals)
    pool.arrive("device-1", **ADA)
    pool.arrive("device-2", **OTHER)
    after = pool.town.db.read_now(match_store.totals)
    assert (before.records, after.records) == (0, 2)
    assert after.prior_match < before.prior_match
