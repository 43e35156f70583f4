"""Caps and budgets as they would have stood under a draft, while recorded calls are decided again.

A contact that the draft refuses no longer counts for the person's later contacts, and one that it
newly allows does. Where the draft counts a cap as it was counted then, the recorded count is the
start; a new cap, another window or another scope is counted from the ledger of contacts. A budget
whose limit moves has so much more or less left; money that a refused offer would have freed is not
given to others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.shadow import Answer, Recorded, decided_at
from policies.caps import Cap
from policies.limits import ZONES
from policies.obligations import NOT_BEFORE_US
from policies.pack import Pack
from policies.verdict import FactValue, Outcome
from tools.cap_facts import times, used
from tools.counted import PastContact
from tools.tool import ActionKind

_CONTACT, _OFFER = ActionKind.CONTACT.value, ActionKind.OFFER.value
#: Until one of these a call has not come to anything.
_NOT_DONE = (Outcome.DENY, Outcome.NEEDS_REASON)


@dataclass(frozen=True, slots=True)
class Held:
    """A contact of the ledger, and from when until when it held its place; None: it still does."""

    contact: PastContact
    since: int
    until: int | None


@dataclass(slots=True)
class _Person:
    held: Sequence[Held] = ()
    refused: set[str] = field(default_factory=set)
    added: dict[str, PastContact] = field(default_factory=dict)


class Ledger:
    """What `shadow` asks while it goes through recorded looks, oldest first.

    `packs`: those that the recorded verdicts name. `seen`: effects with a look among those that are
    gone through; until its first look such a contact does not count.
    """

    def __init__(
        self,
        draft: Pack,
        packs: Mapping[str, Pack],
        ledger: Mapping[str, Sequence[Held]],
        looks: Sequence[Recorded],
    ) -> None:
        self._draft = draft
        self._packs = packs
        self._people = {customer: _Person(held) for customer, held in ledger.items()}
        self._ahead: set[str] = set()
        self._contacted: set[str] = set()
        for look in looks:
            if look.effect_id is not None and look.kind == _CONTACT:
                self._ahead.add(look.effect_id)
                self._contacted.add(look.decision_id)
        named = {look.pack for look in looks}
        self._recounted = {pack: self._recount(pack) for pack in named}
        self._moved = {pack: self._budgets(pack) for pack in named}
        #: Packs of then under which recorded counts stand, and people for whom they do not.
        self._plain = {n for n in named if not self._recounted[n] and not self._moved[n]}
        self._touched: set[str] = set()

    def facts(self, look: Recorded, *, arrives_at: int | None = None) -> Mapping[str, FactValue]:
        """The recorded facts with caps and budgets as they would have stood.

        `arrives_at`: when the draft would let the message leave, if not when it was to leave then.
        """
        plain = arrives_at is None and look.pack in self._plain
        if plain and look.customer_id not in self._touched:
            return look.facts
        if look.kind == _CONTACT:
            return self._with_caps(look, arrives_at)
        if look.kind == _OFFER and (moved := self._moved[look.pack]):
            old = look.facts
            shifted = {n: old[n] + by for n, by in moved.items() if type(old.get(n)) is int}  # type: ignore[operator]
            return {**old, **shifted}
        return look.facts

    def decided(self, look: Recorded, answer: Answer | None) -> None:
        """The draft has answered a look; what follows from that for later ones."""
        if look.kind != _CONTACT:
            return
        if look.effect_id is not None:
            self._ahead.discard(look.effect_id)
            if answer is not None and answer[0] is Outcome.DENY:
                self._touch(look).refused.add(look.effect_id)
        elif (
            answer is not None
            and answer[0] is Outcome.ALLOW
            and look.outcome in _NOT_DONE
            and not look.shadowed
            # A decision makes one contact; where one was made after all, it has its place.
            and look.decision_id not in self._contacted
        ):
            self._touch(look).added[look.decision_id] = _contact(look, answer[1])

    def passed(self, look: Recorded) -> None:
        """A look that changes nothing: the same answer, or one that would not have been."""
        if look.effect_id is not None:
            self._ahead.discard(look.effect_id)

    def _with_caps(self, look: Recorded, arrives_at: int | None) -> Mapping[str, FactValue]:
        recounted = self._recounted[look.pack]
        person = self._people.get(look.customer_id)
        touched = look.customer_id in self._touched
        if not touched and not recounted and arrives_at is None:
            return look.facts
        facts = dict(look.facts)
        held = self._held(person, look)
        gone, added = (person.refused, person.added) if person else (set(), {})
        others = [contact for decision, contact in added.items() if decision != look.decision_id]
        now = [*(c for c in held if c.effect_id not in gone), *others]
        zones = _zones(facts)
        call = {name: str(facts.get(f"action.{name}")) for name in ("channel", "purpose")}
        call["goal"] = look.goal
        at = arrives_at if arrives_at is not None else _arrival(look, look.owed)

        def count(cap: Cap, past: Sequence[PastContact]) -> int:
            mine = times(cap, past, call, journey_id=look.journey_id, matter=look.matter)
            return used(cap.window, mine, at, zones)

        for cap in self._draft.caps:
            if cap.on != _CONTACT:
                continue
            start = facts.get(cap.fact)
            afresh = arrives_at is not None or cap.id in recounted or type(start) is not int
            if not afresh and not touched:
                continue
            mine = count(cap, now)
            if not afresh:
                mine = max(0, int(start) + mine - count(cap, held))  # type: ignore[arg-type]
            facts[cap.fact] = mine
        return facts

    def _held(self, person: _Person | None, look: Recorded) -> list[PastContact]:
        """The contacts that had their place when this was decided, without its own."""
        now = decided_at(look)
        return [
            held.contact
            for held in (person.held if person else ())
            if held.since <= now
            and (held.until is None or held.until > now)
            and held.contact.effect_id != look.effect_id
            and held.contact.effect_id not in self._ahead
        ]

    def _touch(self, look: Recorded) -> _Person:
        self._touched.add(look.customer_id)
        return self._people.setdefault(look.customer_id, _Person())

    def _recount(self, named: str) -> frozenset[str]:
        """The draft's caps that were not counted so by the pack of then."""
        pack = self._packs.get(named)
        then = {cap.id: _way(cap) for cap in pack.caps} if pack else {}
        return frozenset(cap.id for cap in self._draft.caps if then.get(cap.id) != _way(cap))

    def _budgets(self, named: str) -> dict[str, int]:
        """By how much each budget of the draft is larger than that of then."""
        pack = self._packs.get(named)
        then = {b.id: b.limit_minor for b in pack.budgets} if pack else {}
        return {
            b.fact: b.limit_minor - then[b.id]
            for b in self._draft.budgets
            if then.get(b.id, b.limit_minor) != b.limit_minor
        }


def _way(cap: Cap) -> Cap:
    """The cap but for how many it lets pass, whom it holds and what it says."""
    return replace(cap, max=0, obeys={}, because="", line=0)


def _arrival(look: Recorded, owed: Mapping[str, Any]) -> int:
    later = owed.get(NOT_BEFORE_US)
    return later if type(later) is int else decided_at(look)


def _zones(facts: Mapping[str, FactValue]) -> tuple[str, ...]:
    zones = facts.get(ZONES)
    return zones if isinstance(zones, tuple) else ()


def _contact(look: Recorded, owed: Mapping[str, Any]) -> PastContact:
    said = {key: str(look.facts.get(f"action.{key}")) for key in ("channel", "class", "purpose")}
    return PastContact(
        effect_id=look.call,
        channel=said["channel"],
        message_class=said["class"],
        purpose=said["purpose"],
        at=_arrival(look, owed),
        journey_id=look.journey_id,
        status="scheduled",
        goal=look.goal,
        matter=look.matter,
    )
