"""What caps count, as the database has it: contacts and offers, their goals and their matters."""

from __future__ import annotations

from sqlalchemy import Connection, update

from store.ledger import EffectStatus
from store.schema import journeys, offers
from tests.tools.world import Person, World, denied_for
from tools.instants import DAY_US

ONE_A_CASE = (
    "quiet_hours: {from",
    "  - {id: one_a_case, on: [offer], max: 1, window: {ever: true}, per: journey, obeys: {},"
    " because: One offer a case}\n\nquiet_hours: {from",
)
NO_REST = (
    "avoid_when: customer.days_since_last_code < params.code_rest_days",
    "avoid_when: customer.days_since_last_code == 1",
)
NEWER = ("version: 1", "version: 2")


def journey(
    world: World, person: Person, subject: str, *, goal: str = "recover_cart", id: str | None = None
) -> str:
    """Open a journey about something; the person's own one, if it has no other id."""
    row = {
        "id": id or world.journey_of(person),
        "customer_id": person.id,
        "goal": goal,
        "subject_hash": subject,
        "agent": "shopping",
        "arm": "agent",
        "status": "open",
        "opened_at": world.now_us,
        "expires_at": world.now_us + DAY_US,
        "context_sealed": world.db.vault.seal_json(person.id, "journeys.context", {}),
        "seen_events": "[]",
    }

    def add(conn: Connection) -> None:
        conn.execute(journeys.insert().values(**row))

    world.db.write_now(add)
    return str(row["id"])


def test_a_contact_tells_its_goal_and_its_matter(any_world: World) -> None:
    any_world.put_pack(NEWER, ("per: channel", "per: journey"))
    person = any_world.person()
    journey(any_world, person, "cart-1")
    any_world.claim(any_world.ready(person))
    picture = any_world.picture(person)
    (contact,) = picture.contacts
    assert (contact.goal, contact.matter) == ("recover_cart", "cart-1")
    assert picture.matters == {any_world.journey_of(person): "cart-1"}


def test_without_its_journey_a_contact_tells_neither(any_world: World) -> None:
    person = any_world.person()
    any_world.claim(any_world.ready(person))
    (contact,) = any_world.picture(person).contacts
    assert (contact.goal, contact.matter) == (None, None)


def test_what_no_cap_asks_for_is_not_read(world: World) -> None:
    person = world.person()
    journey(world, person, "cart-1")
    picture = world.picture(person)
    assert picture.given is None and picture.matters == {}


def test_p2_an_offer_counts_used_or_lapsed_and_not_when_it_was_taken_back(
    any_world: World,
) -> None:
    any_world.put_pack(NEWER, ONE_A_CASE, NO_REST)
    person = any_world.person()
    journey(any_world, person, "flight-1")
    any_world.offer(person)
    any_world.new_decision(person)
    again = any_world.decide(person, "create_offer", {"discount_bp": 500, "valid_hours": 1})
    assert "one_a_case" in {f.rule for f in again.verdict.fired}
    for status, counts in (("redeemed", True), ("expired", True), ("void", False)):

        def becomes(conn: Connection, status: str = status) -> None:
            conn.execute(update(offers).values(status=status))

        any_world.db.write_now(becomes)
        given = any_world.picture(person).given
        assert given is not None and bool(given) is counts, status


def test_p2_an_offer_of_years_ago_still_counts_in_its_matter(any_world: World) -> None:
    any_world.put_pack(NEWER, ONE_A_CASE, NO_REST)
    person = any_world.person()
    journey(any_world, person, "flight-1")
    any_world.offer(person)
    any_world.now_us += 4_000 * DAY_US
    any_world.put_product()
    any_world.new_decision(person)
    (offer,) = any_world.picture(person).given or ()
    assert (offer.goal, offer.matter, offer.purpose) == ("recover_cart", "flight-1", "marketing")
    offering = {"discount_bp": 500, "valid_hours": 1}
    again = any_world.decide(person, "create_offer", offering)
    assert {f.rule for f in again.verdict.fired if f.outcome.value == "deny"} == {"one_a_case"}


def test_p2_two_journeys_about_one_flight_are_one_matter(any_world: World) -> None:
    """Whatever their goals, and also where they came from two profiles that were joined."""
    any_world.put_pack(NEWER, ONE_A_CASE, NO_REST)
    person = any_world.person()
    journey(any_world, person, "flight-1", goal="rebook_passenger", id="jrn_other")
    ready = any_world.ready(person, "create_offer", {"discount_bp": 500, "valid_hours": 24})
    any_world.offer(person)

    def moves(conn: Connection) -> None:
        conn.execute(update(offers).values(journey_id="jrn_other"))

    any_world.db.write_now(moves)
    journey(any_world, person, "flight-1")
    assert denied_for(any_world, ready) == {"one_a_case"}

    def elsewhere(conn: Connection) -> None:
        other = journeys.c.id == "jrn_other"
        conn.execute(update(journeys).where(other).values(subject_hash="flight-2"))

    any_world.db.write_now(elsewhere)
    any_world.new_decision(person)
    assert any_world.offer(person).fresh


def test_p2_every_offer_is_counted_however_many_there_are(world: World) -> None:
    """The planner is shown the last fifty; caps count them all."""
    many = ONE_A_CASE[1].replace("max: 1", "max: 55").replace("{ever: true}", "{rolling: P30D}")
    world.put_pack(NEWER, (ONE_A_CASE[0], many.replace("per: journey", "per: person")), NO_REST)
    person = world.person()
    for _ in range(55):
        world.new_decision(person)
        world.offer(person, 100)
    world.new_decision(person)
    assert len(world.picture(person).offers) == 50
    answer = world.decide(person, "create_offer", {"discount_bp": 100, "valid_hours": 1})
    assert answer.facts["cap.one_a_case.used"] == 55
    assert not answer.allowed


def test_what_reached_nobody_counts_no_more(any_world: World) -> None:
    person = any_world.person()
    claimed = any_world.claim(any_world.ready(person))
    assert len(any_world.picture(person).contacts) == 1
    any_world.move(claimed.effect_id, EffectStatus.FAILED)
    assert any_world.picture(person).contacts == ()
