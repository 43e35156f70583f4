"""A model that plans cart recovery sensibly, for the scripted server.

It reads a prompt like any other model, and knows nothing but its text: the facts, the data blocks,
the tools that are offered. It shares no code with a planner, so that a prompt that leaves something
out is found out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

READS = ("get_profile", "get_inventory", "get_margin", "get_offer_history")
SENDS = {"email": "send_email", "sms": "send_sms"}
TIERS = {"platinum": 2_000, "gold": 1_500, "silver": 1_000, "bronze": 1_000}
SENTENCES = {
    "en": "You left something in your cart, and we kept it for you.",
    "de": "Sie haben etwas in Ihrem Warenkorb gelassen, wir haben es aufgehoben.",
}
_FACTS = re.compile(r"<facts>(.*?)</facts>", re.DOTALL)
_MESSAGES = re.compile(r"<messages>(.*?)</messages>", re.DOTALL)
_DATA = re.compile(r'<data source="([^"]*)">(.*?)</data>', re.DOTALL)
_LARGE_CART_MINOR = 50_000
_STRONG_CART_MINOR = 10_000
_SMALLEST_BP = 300


@dataclass(frozen=True, slots=True)
class Said:
    """One call, as the model says it."""

    tool: str
    args: dict[str, Any]
    reasoning: str
    confidence: int = 90
    overrides: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a request says: facts, messages, data by source, names of the tools."""

    facts: dict[str, Any]
    messages: list[dict[str, Any]]
    data: dict[str, Any]
    tools: tuple[str, ...]

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Seen:
        """Read a request of the chat completions API. Raises `ValueError` where it says nothing."""
        text = str(request["messages"][-1]["content"])
        facts, messages = _FACTS.search(text), _MESSAGES.search(text)
        if facts is None:
            raise ValueError("the prompt holds no facts")
        return cls(
            facts=json.loads(facts[1]),
            messages=json.loads(messages[1]) if messages is not None else [],
            data={source: json.loads(words) for source, words in _DATA.findall(text)},
            tools=tuple(_offered(request)),
        )

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps of this decision that are not stale."""
        return [step for step in self.data.get("steps", []) if not step.get("stale")]

    def since_moved(self) -> list[dict[str, Any]]:
        """The steps since the world last moved under this decision."""
        moved = [k for k, step in enumerate(self.steps) if _moved(step)]
        return self.steps[moved[-1] + 1 :] if moved else self.steps

    def answer(self, tool: str) -> dict[str, Any]:
        """The newest answer of a tool; empty where there is none."""
        for step in reversed(self.steps):
            if step["tool"] == tool and step["outcome"] == "allow" and not _moved(step):
                return dict(step.get("result") or {})
        return {}

    def came_back(self, *tools: str) -> list[dict[str, Any]]:
        """Calls of these tools that were refused, or that could not be carried out."""
        return [
            step
            for step in self.steps
            if step["tool"] in tools
            and (
                step["outcome"] in ("deny", "needs_reason")
                or any(k in (step.get("result") or {}) for k in ("invalid", "a_person_says"))
            )
        ]


def think(request: Mapping[str, Any]) -> tuple[str, list[Said]]:
    """A plan in a sentence, and the next calls."""
    s = Seen.of(request)
    for stage in (_unheard_of, _look, _leave_alone, _offer, _contact):
        found = stage(s)
        if found is not None:
            return found
    back = s.came_back(*SENDS.values())
    return _finish("declined", _because(back[-1]) if back else "There is no way to write to them.")


Plan = tuple[str, list[Said]] | None


def _unheard_of(s: Seen) -> Plan:
    news = s.data.get("events that no file names")
    if not news:
        return None
    said = ", ".join(str(event["name"]) for event in news)
    reason = f"{said} came in, which no file names; contact is held until a person has looked"
    if s.answer("escalate") or s.came_back("escalate"):
        return _finish("held", reason)
    return "Hold, and ask a person", [Said("escalate", {"reason": reason}, reason)]


def _look(s: Seen) -> Plan:
    asked = {step["tool"] for step in s.since_moved()}
    reads = [Said(t, {}, "look first") for t in READS if t in s.tools and t not in asked]
    if s.data.get("memory") and "recall_memory" in s.tools and "recall_memory" not in asked:
        query = {"query": "complaints and wishes about contact"}
        reads.append(Said("recall_memory", query, "what they told us before"))
    return ("Look at the person and the cart", reads) if reads else None


def _leave_alone(s: Seen) -> Plan:
    person, stock = s.facts["customer"], s.answer("get_inventory")
    if person["open_complaint"]:
        return _finish("declined", "A complaint is open: it is answered first.")
    if person["days_since_last_order"] == 0:
        return _finish("declined", "They bought within the last day.")
    if any(
        c["this_journey"] and c["hours_ago"] < 24 and c["class"] == "marketing"
        for c in s.facts["contacts"]
    ):
        return _finish("nothing_to_do", "This cart was written about within the last day.")
    if not _channels(s):
        return _finish("declined", "No channel has both an address and consent.")
    if stock.get("lines") and not stock.get("all_in_stock"):
        why = "Part of the cart is not in stock."
        if s.facts["journey"]["decisions_before"] == 0 and "check_back" in s.tools:
            args = {"after_minutes": 1_440, "because": why}
            return "Wait for stock", [Said("check_back", args, why)]
        return _finish("declined", why)
    return None


def _offer(s: Seen) -> Plan:
    if "create_offer" not in s.tools or _channels(s)[0] != "email" or _made(s) is not None:
        return None
    if s.came_back(SENDS["email"]):
        return None
    back = s.came_back("create_offer")
    if not back:
        wanted = _wanted(s)
        return _ask(wanted, "they buy with codes, or the cart is large") if wanted else None
    last = back[-1]
    asked = int(last["args"]["discount_bp"])
    if last["outcome"] == "needs_reason":
        value = s.facts["cart"]["value_minor"] or 0
        if value < _STRONG_CART_MINOR or any(b["outcome"] == "needs_reason" for b in back[:-1]):
            return None
        reason = f"The cart is worth {value} in the smallest coin, and they usually buy with codes."
        return _ask(asked, "the cart is worth it", dict.fromkeys(_rules(last), reason))
    largest = (last.get("result") or {}).get("largest_allowed_bp")
    less = largest - largest % 50 if isinstance(largest, int) else 0
    return _ask(less, "the most that is allowed") if _SMALLEST_BP <= less < asked else None


def _ask(bp: int, why: str, overrides: Mapping[str, str] | None = None) -> tuple[str, list[Said]]:
    args = {"discount_bp": bp, "valid_hours": 72}
    return "Make an offer", [Said("create_offer", args, why, overrides=overrides)]


def _wanted(s: Seen) -> int:
    person, cart = s.facts["customer"], s.facts["cart"]
    taken, orders = person["discounts_taken"], person["orders"]
    with_codes = orders > 0 and 2 * taken >= orders
    best = person["segment"] == "platinum" and (cart["value_minor"] or 0) >= _LARGE_CART_MINOR
    known = cart["value_minor"] is not None and cart["lowest_margin_bp"] is not None
    return TIERS.get(person["segment"], 0) if known and (with_codes or best) else 0


def _contact(s: Seen) -> Plan:
    back = s.came_back(*SENDS.values())
    if back and back[-1]["outcome"] == "needs_reason" and len(back) == 1:
        only = [SENDS[c] for c in _channels(s)] == [back[0]["tool"]]
        prefers = s.facts["customer"]["preferred_channel"] == "sms"
        if only or prefers:
            why = "They prefer text messages." if prefers else "It is the only channel they gave."
            overrides = dict.fromkeys(_rules(back[0]), why)
            again = Said(back[0]["tool"], dict(back[0]["args"]), why, overrides=overrides)
            return "Say why the exception is right", [again]
    tried = {step["tool"] for step in back}
    channel = next((c for c in _channels(s) if SENDS[c] not in tried), None)
    if channel is None:
        return None
    made = _made(s) if channel == "email" else None
    message = _message(s, channel, made is not None)
    if message is None:
        return None
    until = datetime.fromisoformat(s.facts["now"]) + timedelta(hours=48)
    if made is not None:
        until = min(until, datetime.fromisoformat(made["expires_at"]))
    words = SENTENCES.get(s.facts["customer"]["language"] or "en")
    slots = {"opening": words} if words and "opening" in message["slots"] else {}
    args = {
        "message": message["message"],
        "slots": slots,
        "offer_id": made["offer_id"] if made is not None else None,
        "useful_until": until.isoformat(),
    }
    return "Write once", [Said(SENDS[channel], args, "One friendly reminder of what they chose.")]


def _channels(s: Seen) -> list[str]:
    person = s.facts["customer"]
    there = [
        c
        for c in SENDS
        if person["addresses"].get(c)
        and person["consents"].get(c) == "granted"
        and SENDS[c] in s.tools
        and _message(s, c, False) is not None
    ]
    return sorted(there, key=lambda c: c != person["preferred_channel"])


def _message(s: Seen, channel: str, with_offer: bool) -> dict[str, Any] | None:
    return next(
        (m for m in s.messages if m["channel"] == channel and m["names_discount"] == with_offer),
        None,
    )


def _made(s: Seen) -> dict[str, Any] | None:
    known = [s.answer("create_offer"), *(o for o in s.facts["offers"] if o["status"] == "issued")]
    soon = datetime.fromisoformat(s.facts["now"]) + timedelta(hours=1)
    return next(
        (o for o in known if "offer_id" in o and datetime.fromisoformat(o["expires_at"]) > soon),
        None,
    )


def _finish(outcome: str, why: str) -> tuple[str, list[Said]]:
    return "Come to an end", [Said("finish", {"because": why[:300], "outcome": outcome}, why)]


def _moved(step: Mapping[str, Any]) -> bool:
    return any(k in (step.get("result") or {}) for k in ("withdrawn", "changed", "a_person_says"))


def _rules(step: Mapping[str, Any]) -> list[str]:
    return [str(fired["rule"]) for fired in step.get("rules", [])]


def _because(step: Mapping[str, Any]) -> str:
    said = "; ".join(str(fired["because"]) for fired in step.get("rules", []))
    result = step.get("result") or {}
    return said or str(result.get("a_person_says") or result.get("invalid") or "It was refused.")


def _offered(request: Mapping[str, Any]) -> list[str]:
    if "tools" in request:
        return [tool["function"]["name"] for tool in request["tools"]]
    schema = request["response_format"]["json_schema"]["schema"]
    calls = schema["properties"]["calls"]["items"]["anyOf"]
    return [call["properties"]["tool"]["const"] for call in calls]
