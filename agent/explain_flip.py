"""What would have changed a decision, in words: the smallest change of one fact or of one rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.explain_words import SENDS, TRIED, mid, sentence, tried
from agent.fact_words import clause, name_of, param_name, percent, value_of
from agent.flip import Flip, flips, with_fact
from policies.caps import Cap
from policies.local_days import EVERY_DAY
from policies.obligations import clock
from policies.pack import Pack
from policies.quiet_hours import DAY_MINUTES
from policies.verdict import FactValue
from policies.windows import Window

_DISCOUNT = "action.discount_bp"
#: Larger discounts that are tried where one was capped: whole steps of 5 %.
_STEP_BP = 500


@dataclass(frozen=True, slots=True)
class _Question:
    """The decisive call of a decision, and the pack it was asked of."""

    step: dict[str, Any]
    pack: Pack

    @property
    def facts(self) -> dict[str, FactValue]:
        return {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self.step["facts"].items()
        }

    def flips(self, facts: dict[str, FactValue], fixed: frozenset[str] = frozenset()) -> list[Flip]:
        return flips(
            self.pack,
            kind=self.step["kind"],
            facts=facts,
            overrides=self.step["overrides"],
            fixed=fixed,
        )


def said_by(pack: Pack | None) -> dict[str, str]:
    """What the pack calls its facts, for those that it names."""
    facts = {} if pack is None else pack.facts
    return {name: fact.says for name, fact in facts.items() if fact.says}


def flip_lines(d: dict[str, Any], pack: Pack) -> list[str]:
    """The flip in sentences, the smallest change first; none where no rule decided."""
    if d["status"] == "withheld":
        return ["It would have been looked at if contact with this person were not stopped."]
    contact = next((e for e in reversed(d["effects"]) if e["channel"]), None)
    if contact is not None and contact["status"] not in ("sent", "scheduled", "claimed"):
        return []
    if contact is None and any(f["kind"] == "stop" for f in _fired(d)):
        return ["It would have been decided on its merits if people had not stopped it."]
    asked = [s for s in d["steps"] if s["call"]["tool"] in TRIED and s["facts"]]
    asked = [s for s in asked if not (s["result"] or {}).get("released")]
    capped = _capped(asked, pack)
    if capped:
        return capped
    refused = [s for s in asked if s["verdict"]["outcome"] != "allow"]
    sent = [s for s in asked if s["effect_id"] and s["call"]["tool"] in SENDS]
    step = sent[-1] if sent else refused[-1] if refused else None
    if step is None:
        return []
    if contact is not None and contact["status"] == "scheduled":
        quiet = [f["rule"] for f in step["verdict"]["fired"] if f["kind"] == "quiet"]
        if quiet:
            return [f"It would have gone out at once {_outside(quiet, pack)}."]
    question = _Question(step, pack)
    unknown = [
        f["rule"]
        for f in step["verdict"]["fired"]
        if f["rule"].startswith("missing:") and f["outcome"] == "deny"
    ]
    if unknown:
        names = " and ".join(
            name_of(rule.removeprefix("missing:"), said_by(pack)) for rule in unknown[:2]
        )
        return [f"It would have been decided on its merits if we knew {names}."]
    found = question.flips(question.facts)
    if not found and step["verdict"]["outcome"] == "deny":
        return ["More than one thing spoke against it, so no single change would have been enough."]
    return [
        sentence(_would(step, f))  # another discount is another offer
        if f.fact == _DISCOUNT
        else sentence(f"{_would(step, f)} if {_clause(question, f)}")
        for f in found
    ]


def _outside(rules: list[str], pack: Pack) -> str:
    """When none of these quiet hours would have held: the hours, where one window says it all."""
    own = [quiet.hours for quiet in pack.quiet_hours if quiet.id in rules]
    if len(rules) == len(own) == 1 and own[0].days == EVERY_DAY and own[0].end < DAY_MINUTES:
        return f"between {clock(own[0].end)} and {clock(own[0].start)}"
    return "at an hour that none of these quiet hours covers"


def _fired(d: dict[str, Any]) -> list[dict[str, Any]]:
    return [fired for step in d["steps"] for fired in step["verdict"]["fired"]]


def _capped(asked: list[dict[str, Any]], pack: Pack) -> list[str]:
    """Where less was given than was asked for: what would have made it more."""
    offers = [s for s in asked if s["call"]["tool"] == "create_offer"]
    given = [s for s in offers if s["effect_id"]]
    if not given or offers[0] is given[-1]:
        return []
    question = _Question(given[-1], pack)
    most, least = (s["call"]["args"].get("discount_bp", 0) for s in (offers[0], given[-1]))
    for discount in [most, *range(most - most % _STEP_BP, least, -_STEP_BP)]:
        if discount <= least:
            continue
        facts = with_fact(question.facts, _DISCOUNT, discount)
        better = [f for f in question.flips(facts, frozenset({_DISCOUNT})) if f.outcome != "deny"]
        if better:
            agreed = "" if better[0].outcome == "allow" else ", once a person had agreed,"
            clause_ = _clause(question, better[0])
            return [f"It would have been {percent(discount)}{agreed} if {clause_}."]
    return []


def _would(step: dict[str, Any], flip: Flip) -> str:
    what = "it" if step["call"]["tool"] in SENDS else tried(step)
    if flip.fact == _DISCOUNT and isinstance(flip.value, int):
        what = f"{percent(flip.value)} off"
    now = step["verdict"]["outcome"]
    done = "gone out" if step["call"]["tool"] in SENDS else "been given"
    if step["call"]["tool"] in TRIED and step["kind"] in ("ticket", "suppression"):
        done = "been done"
    match flip.outcome:
        case "allow" if now in ("review", "approval"):
            return f"{what} would have {done} without asking anybody"
        case "allow" if now == "needs_reason":
            return f"{what} would have {done} without a special reason"
        case "allow":
            return f"{what} would have {done}"
        case "deny":
            return f"{what} would not have {done}"
        case "needs_reason":
            return f"{what} would have {done} only for a good reason"
        case "review":
            return f"{what} would have {done} only after an operator's look"
        case _:
            return f"{what} would have {done} only with a person's signature"


def _clause(question: _Question, flip: Flip) -> str:
    pack = question.pack
    if flip.kind == "cap":
        cap = next(c for c in pack.caps if c.id == flip.fact)
        within = _within(cap)
        return f"{flip.value} {cap.on}s {within} were allowed instead of {flip.old}"
    if flip.kind == "param":
        new, old = (value_of(flip.fact, v, pack.currency) for v in (flip.value, flip.old))
        return f"our rule's “{mid(param_name(flip.fact))}” were {new} instead of {old}"
    window, thing = "", "contact"
    for cap in pack.caps:
        if cap.fact == flip.fact:
            window, thing = _within(cap), cap.on
    return clause(
        flip.fact,
        flip.value,
        flip.old,
        currency=pack.currency,
        window=window,
        thing=thing,
        said=said_by(pack),
    )


_TOGETHER = {
    "channel": " on this channel",
    "purpose": " for this purpose",
    "goal": " with this aim",
    "journey": " in this matter",
}


def _within(cap: Cap) -> str:
    """What is counted together, and in which time."""
    return f"{_window(cap.window)}{_TOGETHER.get(cap.per, '')}".strip()


def _window(window: Window) -> str:
    if window.kind == "ever":
        return ""
    if window.kind == "calendar":
        return {"day": "that day", "week": "that week", "month": "that month"}.get(
            window.unit, f"that {window.unit}"
        )
    days = window.duration_us // 86_400_000_000
    if days:
        return f"within {days} days" if days != 1 else "within a day"
    return f"within {window.duration_us // 3_600_000_000} hours"
