"""The picture: what a decision may look at, as the database has it at one instant."""

from __future__ import annotations

from customers import suppression
from policies.pack import load_pack
from store.ids import new_id
from store.ledger import EffectStatus
from tests.policies.packs import SHIPPED
from tests.tools.pictures import pack_text
from tests.tools.world import Person, World
from tools.instants import DAY_US, HOUR_US
from tools.picture import CHANNELS, load_picture


def stop(world: World, person: Person, scope: str, channel: str | None = None) -> None:
    world.db.write_now(
        suppression.suppress,
        world.db.vault,
        suppression_id=new_id("sup"),
        customer_id=person.id,
        scope=scope,
        channel=channel,
        by="customer",
        now_us=world.now_us,
    )


def test_somebody_we_know_nothing_of_has_no_history_and_no_missing_facts(world: World) -> None:
    picture = world.picture(world.person())
    assert (picture.contacts, picture.offers, picture.complaint_open) == ((), (), False)
    assert (picture.profile.orders, picture.open_tickets) == (0, 0)
    assert picture.budgets == {"discounts": 500_000}


def test_a_suppression_stops_what_its_scope_says(any_world: World) -> None:
    for scope, channel, stopped, person in (
        ("all", None, [True, True], True),
        ("purpose", None, [True, True], True),
        ("purpose", "sms", [False, True], False),
        ("address", "sms", [False, True], False),
        ("address", "email", [True, False], False),
    ):
        somebody = any_world.person(f"{scope}-{channel}")
        stop(any_world, somebody, scope, channel)
        picture = any_world.picture(somebody)
        assert [picture.suppressed[c, "marketing"] for c in CHANNELS] == stopped, (scope, channel)
        assert picture.suppressed_for("marketing") is person
        assert picture.suppressed_for("service") is (scope == "all")


def test_zones_are_those_stated_and_those_of_the_number(world: World) -> None:
    assert world.picture(world.person()).zones == ("Europe/Berlin",)
    lisbon = world.picture(world.person("bob", timezone="Europe/Lisbon"))
    assert lisbon.zones == ("Europe/Lisbon", "Europe/Berlin")
    assert lisbon.zone_is_known


def test_without_a_known_zone_all_that_we_serve_are_possible_at_once(world: World) -> None:
    person = world.person(timezone="Nowhere/Atall")
    context = {"cart": person.cart}
    without_number = world.db.read_now(
        lambda conn: load_picture(
            conn,
            world.db.vault,
            customer_id=world.db.vault.reserve(1)[0],
            context=context,
            pack=world.shelf.live(conn, "commerce"),
            now_us=world.now_us,
        )
    )
    assert without_number.zones == ("Europe/London", "Europe/Berlin", "Europe/Athens")
    assert not without_number.zone_is_known


def test_p6_zones_that_the_pack_does_not_list_are_none(world: World) -> None:
    listed = "[Europe/London, Europe/Berlin, Europe/Athens]"
    served = f"  zones_served: {{value: {listed}, stricter: more}}\n"
    for line, zones in (
        ("", ()),
        ("  zones_served: Europe/London\n", ("Europe/London",)),
        ("  zones_served: 7\n", ()),
    ):
        picture = world.db.read_now(
            load_picture,
            world.db.vault,
            customer_id=world.db.vault.reserve(1)[0],
            context={},
            pack=load_pack(pack_text((served, line)), file="commerce.yaml"),
            now_us=world.now_us,
        )
        assert picture.zones == zones


def test_a_cap_with_a_long_window_sees_contacts_as_old_as_it_needs(world: World) -> None:
    person = world.person()
    world.claim(world.ready(person))
    world.now_us += 300 * DAY_US
    assert world.picture(person).contacts == ()
    world.put_pack(("version: 1", "version: 2"), ("{rolling: P7D}", "{rolling: P365D}"))
    assert len(world.picture(person).contacts) == 1


def test_an_effects_own_place_does_not_stand_in_its_own_way(world: World) -> None:
    world.put_product(stock=1)
    world.now_us += 11 * HOUR_US
    person = world.person()
    own = world.claim(world.ready(person)).effect_id
    assert world.picture(person).lines[0].free_stock == 0
    alone = world.picture(person, without=frozenset({own}))
    assert (alone.lines[0].free_stock, alone.contacts) == (1, ())


def test_what_reached_nobody_is_no_contact(world: World) -> None:
    person = world.person()
    claimed = world.claim(world.ready(person))
    (contact,) = world.picture(person).contacts
    assert (contact.status, contact.channel, contact.at) == ("claimed", "email", world.now_us)
    assert contact.journey_id == world.journey_of(person)
    world.move(claimed.effect_id, EffectStatus.FAILED)
    assert world.picture(person).contacts == ()


def test_the_contacts_of_another_person_are_not_theirs(world: World) -> None:
    world.claim(world.ready(world.person()))
    assert world.picture(world.person("bob")).contacts == ()
    world.offer(world.person("bob"))
    assert world.picture(world.person()).offers == ()


def test_whose_rules_on_hours_count_is_gathered_from_address_number_and_zones(
    world: World,
) -> None:
    listed = "facts:\n  customer.jurisdictions: {jurisdictions, for: [contact]}\n"
    ruled = load_pack(
        pack_text(("params:\n", "jurisdictions: true\nparams:\n"), ("facts:\n", listed)),
        file="commerce.yaml",
        library=SHIPPED,
    )

    def counting(person: Person) -> tuple[str, ...]:
        picture = world.db.read_now(
            load_picture,
            world.db.vault,
            customer_id=person.id,
            context={},
            pack=ruled,
            now_us=world.now_us,
        )
        return picture.jurisdictions

    assert counting(world.person()) == ()  # a German number, and the stated zone in Berlin
    assert counting(world.person("bob", timezone="Europe/Rome")) == ("IT",)
    lives = {"country": "US", "state": "FL"}
    assert counting(world.person("cem", address=lives)) == ("US", "US-FL")
    moved = world.person("dee", address={"country": "Italy"}, timezone="Europe/Paris")
    assert counting(moved) == ("FR", "IT")
    assert world.picture(moved).jurisdictions == ()  # the shipped pack asks for none
