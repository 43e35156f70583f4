"""A pack on top of others adds to them and never loosens them; the strictest layer wins."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.pack import Pack, PolicyError, load_pack
from policies.verdict import Outcome
from tests.policies.packs import CONTACT, NOON, OFFER, SMALL, ask, fired, small

BELOW = SMALL.replace("policy: small", "policy: organisation").replace(
    "  most_bp: 2000\n", "  most_bp: {value: 2000, stricter: lower}\n"
)
BELOW = BELOW.replace(
    "  zones_served: [Europe/Berlin]\n",
    "  zones_served: {value: [Europe/Berlin], stricter: more}\n"
    "  floor: {value: 5, stricter: higher}\n",
)
ABOVE = """\
policy: shop
version: 7
extends: organisation
goals: [recover_cart]
params:
  most_bp: 1500
facts:
  customer.vip: {bool, for: [contact], says: "whether this is one of our best customers"}
  customer.segment: {enum: [gold, silver, new], for: [contact]}
hard:
  - id: no_gold
    on: [contact]
    never_when: customer.vip and customer.segment != "gold"
    because: Only gold is best
caps:
  - {id: yearly, max: 9, window: {rolling: P1W}, per: person, obeys: {}, because: nine}
"""
MORE: dict[str, Any] = {
    **CONTACT, "customer.vip": False, "customer.segment": "gold", "cap.yearly.used": 0,
}  # fmt: skip


def shop(above: str = ABOVE, below: str = BELOW) -> Pack:
    return load_pack(above, file="shop.yaml", library={"organisation": below})


def wrong(above: str, below: str = BELOW, **more: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_pack(above, file="shop.yaml", library={"organisation": below, **more})
    return [str(problem) for problem in caught.value.problems]


def test_what_is_below_stays_in_force_and_what_is_above_is_added() -> None:
    pack = shop()
    assert (pack.name, pack.version, pack.goals, pack.currency) == (
        *("shop", 7, ("recover_cart",), "EUR"),
    )
    assert "suppressed" in fired(ask(pack, "contact", MORE, customer__suppressed=True))
    assert "no_gold" in fired(
        ask(pack, "contact", MORE, customer__vip=True, customer__segment="new")
    )
    assert {"weekly", "yearly"} <= fired(
        ask(pack, "contact", MORE, cap__weekly__used=3, cap__yearly__used=9)
    ).keys()
    assert ask(pack, "contact", MORE).outcome is Outcome.ALLOW


def test_a_param_moves_the_stricter_way_and_the_rules_below_follow() -> None:
    at: dict[str, Any] = {"action__discount_bp": 1600, "agent__autonomy": "autonomous"}
    assert "too_much" not in fired(ask(small(), "contact", CONTACT, **at))
    assert "too_much" in fired(ask(shop(), "contact", MORE, **at))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "  most_bp: 2500\n",
            "shop.yaml:6:12: params.most_bp is 2000 on line 5 of organisation.yaml; "
            "here it may only be lower or same",
        ),
        (
            "  free_bp: 900\n",
            "shop.yaml:6:12: params.free_bp is set on line 6 of organisation.yaml, "
            "which does not let it be moved",
        ),
        (
            "  floor: 4\n",
            "shop.yaml:6:10: params.floor is 5 on line 8 of organisation.yaml; "
            "here it may only be higher or same",
        ),
        (
            "  zones_served: [Europe/Athens]\n",
            "shop.yaml:6:17: params.zones_served is Europe/Berlin on line 7 of organisation.yaml; "
            "here it may only be a longer list that holds these",
        ),
        (
            "  most_bp: {value: 1000, stricter: higher}\n",
            "shop.yaml:6:12: params.most_bp is stricter lower, as line 5 of organisation.yaml says",
        ),
        (
            "  other: {value: 1, stricter: lowr}\n",
            "shop.yaml:6:31: stricter: of params.other is one of lower, higher, more; "
            "did you mean 'lower'?",
        ),
        (
            "  other: {value: 1, stricter: more}\n",
            "shop.yaml:6:10: params.other: a number is stricter lower or higher, a list more",
        ),
    ],
)
def test_a_param_does_not_move_the_milder_way(line: str, says: str) -> None:
    assert says in wrong(ABOVE.replace("  most_bp: 1500\n", line))


def test_a_param_may_be_as_strict_or_stricter() -> None:
    for line in (
        *("  most_bp: 2000\n", "  floor: 6\n", "  zones_served: [Europe/Berlin, Europe/Athens]\n"),
        "  most_bp: {value: 10, stricter: lower}\n",
    ):
        assert shop(ABOVE.replace("  most_bp: 1500\n", line)).name == "shop"


def test_an_id_of_a_pack_below_is_taken_and_its_place_is_told() -> None:
    found = wrong(ABOVE.replace("id: no_gold", "id: suppressed"))
    assert found == ["shop.yaml:11:9: id suppressed already used on line 24 of organisation.yaml"]
    found = wrong(ABOVE.replace("id: yearly", "id: weekly"))
    assert "shop.yaml:16:10: id weekly already used on line 44 of organisation.yaml" in found


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        ("{enum: [gold, silver], for: [contact]}", "is one of gold, silver, new below"),
        ("{int: [0, 3], for: [contact]}", "is one of gold, silver, new below"),
        (
            "{enum: [gold, silver, new], for: [contact], when: {class: [marketing]}}",
            "when: and age: of 'customer.segment' are said below; only for: adds to it",
        ),
    ],
)
def test_a_fact_of_a_pack_below_is_only_needed_for_more_kinds(fact: str, says: str) -> None:
    changed = ABOVE.replace("{enum: [gold, silver, new], for: [contact]}", fact)
    assert any(says in problem for problem in wrong(changed))


def test_a_fact_may_say_what_it_is_called() -> None:
    assert shop().facts["customer.vip"].says == "whether this is one of our best customers"
    assert shop().facts["customer.orders"].says == ""


@pytest.mark.parametrize(
    ("change", "library", "says"),
    [
        (("organisation", "organization"), {}, "3:10: there is no pack 'organization' to build on; "
         "did you mean 'organisation'?"),
        (("organisation", "shop"), {"shop": ABOVE}, "3:10: 'shop' is built on this pack: neither "
         "can be the lower one"),
        (("organisation", "other"), {"other": BELOW}, "3:10: that text is the pack 'organisation'"),
    ],
)  # fmt: skip
def test_what_a_pack_is_built_on_must_be_there(
    change: tuple[str, str], library: dict[str, str], says: str
) -> None:
    text = ABOVE.replace(f"extends: {change[0]}", f"extends: {change[1]}")
    assert wrong(text, **library) == [f"shop.yaml:{says}"]


def test_two_packs_are_not_built_on_each_other() -> None:
    one = "policy: one\nversion: 1\nextends: two\n"
    two = "policy: two\nversion: 1\nextends: one\n"
    with pytest.raises(PolicyError, match="'one' is built on this pack"):
        load_pack(one, file="one.yaml", library={"two": two})


def test_a_problem_below_is_told_where_it_is() -> None:
    broken = BELOW.replace("customer.orders > 500", "customer.ordres > 500")
    assert wrong(ABOVE, broken) == [
        "organisation.yaml:31:17: unknown fact 'customer.ordres'; did you mean 'customer.orders'?"
    ]


def test_packs_are_not_stacked_without_end() -> None:
    stack = {f"p{n}": f"policy: p{n}\nversion: 1\nextends: p{n + 1}\n" for n in range(9)}
    with pytest.raises(PolicyError, match="a pack is made of 5 texts at most"):
        load_pack(stack["p0"], file="p0.yaml", library=stack)


def test_the_digest_is_of_every_text() -> None:
    below, above = (hashlib.sha256(text.encode()).hexdigest() for text in (BELOW, ABOVE))
    listed = f"organisation {below}\nshop {above}\n"
    assert shop().sha256 == hashlib.sha256(listed.encode()).hexdigest()
    assert shop(below=BELOW.replace("Never above", "Not above")).sha256 != shop().sha256
    assert [(text.name, text.version) for text in shop().texts] == [
        ("organisation", 3),
        ("shop", 7),
    ]


def test_a_rule_is_found_in_the_text_in_which_it_stands() -> None:
    for rule, file, text in (
        *(("suppressed", "organisation.yaml", BELOW), ("no_gold", "shop.yaml", ABOVE)),
        ("tier.gold", "organisation.yaml", BELOW),
    ):
        view = shop().rule(rule)
        assert view is not None and view.file == file
        assert rule.rpartition(".")[2] in text.splitlines()[view.line - 1]
    files = [rule.file for rule in shop().rules]
    assert files == sorted(files)


def test_four_eyes_stay_open() -> None:
    below = BELOW.replace("currency: EUR", "currency: EUR\nfour_eyes: true")
    assert shop(below=below).four_eyes and not shop().four_eyes
    milder = ABOVE.replace("goals:", "four_eyes: false\ngoals:")
    assert wrong(milder, below) == [
        "shop.yaml:4:12: four_eyes: is true or false, and true stays true for packs built on it"
    ]


def test_a_question_may_take_a_param_to_be_something_else() -> None:
    asked = load_pack(
        ABOVE, file="shop.yaml", library={"organisation": BELOW}, what_if={"most_bp": 100}
    )
    assert "too_much" in fired(ask(asked, "contact", MORE, action__discount_bp=101))
    assert asked.sha256 == shop().sha256


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_pack_on_top_never_answers_milder_than_what_is_below(data: st.DataObject) -> None:
    kind, base = data.draw(st.sampled_from([("contact", MORE), ("offer", OFFER)]))
    facts = {
        **base,
        "customer.suppressed": data.draw(st.booleans()),
        "action.discount_bp": data.draw(st.integers(0, 3000)),
        "agent.autonomy": data.draw(st.sampled_from(["assisted", "supervised", "autonomous"])),
        "customer.vip": data.draw(st.booleans()),
        "customer.segment": data.draw(st.sampled_from(["gold", "silver", "new"])),
        "cap.weekly.used": data.draw(st.integers(0, 5)),
        "now_us": NOON + data.draw(st.integers(0, 23)) * 3_600_000_000,
    }
    below = load_pack(BELOW, file="organisation.yaml")
    one, two = ask(below, kind, facts), ask(shop(), kind, facts)
    assert one.outcome.rank <= two.outcome.rank
    assert fired(one).keys() <= fired(two).keys()
