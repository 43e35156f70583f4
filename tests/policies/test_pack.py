"""A loaded pack can be asked and looked at; nothing about it can be changed."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from policies.caps import Cap
from policies.pack import Pack, PolicyError, load_pack
from policies.scope import CONTACT as KIND
from policies.verdict import FiredKind
from tests.policies.packs import CONTACT, SMALL, ask, small, swapped


def test_what_calls_need_is_known_beforehand() -> None:
    assert small().needs("contact") == frozenset(CONTACT)
    assert small().needs("ticket") == frozenset()


def test_every_rule_can_be_looked_up_where_it_stands() -> None:
    pack = small()
    for rule in pack.rules:
        assert pack.rule(rule.id) is rule and rule.file == "small.yaml"
        line = SMALL.splitlines()[rule.line - 1]
        assert rule.id.rpartition(".")[2] in line or rule.id == "quiet_hours"
    rule = pack.rule("many_orders")
    assert rule is not None
    assert rule.condition == "customer.orders > 500, for class marketing"
    assert (rule.kind, rule.facts) == (FiredKind.HARD, ("action.class", "customer.orders"))
    assert pack.rule("nothing") is None


def test_whatever_fires_can_be_looked_up_unless_the_engine_said_it() -> None:
    verdict = ask(small(), "contact", CONTACT, action__channel="sms", cap__weekly__used=9)
    assert all(small().rule(one.rule) is not None for one in verdict.fired)


def test_the_pack_is_named_by_the_sha256_of_its_text() -> None:
    assert small().sha256 == hashlib.sha256(SMALL.encode()).hexdigest()
    other = load_pack(swapped("They asked us to stop", "They asked us to stop!"), file="p")
    assert other.sha256 != small().sha256


@pytest.mark.parametrize("name", ["params", "facts"])
def test_a_loaded_pack_is_not_changed_from_outside(name: str) -> None:
    part: Any = getattr(small(), name)
    with pytest.raises(TypeError):
        part["x"] = 1


def test_a_broken_pack_is_no_pack() -> None:
    with pytest.raises(PolicyError):
        load_pack(swapped("version: 3", "version: three"), file="p")


def test_the_names_others_import_stay() -> None:
    from policies.compiler import ENGINE

    assert isinstance(small(), Pack) and isinstance(small().caps[0], Cap) and KIND == "contact"
    assert ask(small(), "contact", CONTACT).engine == ENGINE
