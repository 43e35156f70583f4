"""What a model is told of one decision: our own figures as facts, everybody else's words as data.

Facts are numbers, yes and no, and words of closed shapes, so that no sentence of anybody's can
stand among them. Words of customers, catalogues, events and memory stand in data blocks (P14), each
tagged with its source and written as JSON in which `<` cannot occur: nothing written inside one can
end it. Addresses, telephone numbers, links and ids of ours are blotted out, as far as a text can be
read for them (P5, P11).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from agent.planning import Situation, StepView
from policies.zones import offset_us
from tools.instants import DAY_US, HOUR_US, instant

MOST_LINES: Final = 20
MOST_CONTACTS: Final = 10
MOST_STEPS: Final = 60
LONGEST_TEXT: Final = 600
_LONGEST_NAME: Final = 80
_MOST_VALUES: Final = 25
_DEEPEST: Final = 5
_MOST_CHARACTERS: Final = 4_000
#: A larger number is cut; one of somebody else's that is so long may be a telephone's.
_LARGEST: Final = 10**18
_LONG: Final = 10**8
_LEFT_OUT: Final = "[left out]"

_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_ID = re.compile(r"[a-z]{3}_[0-9a-z]{1,40}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d[0-9:.+Z-]{0,20}", re.ASCII)
_OUR_ID = re.compile(r"\b[a-z]{3}_[0-9a-z]{16,}", re.IGNORECASE)
_NUMBER = re.compile(r"\+?\d(?:[\s()/.-]{0,3}\d){6,}")
#: Properties whose values say who somebody is.
_WHO = frozenset(
    {"name", "firstname", "lastname", "fullname", "surname", "givenname", "username", "nickname"}
    | {"birthday", "dateofbirth", "ip", "iban", "passport", "password", "token", "secret", "zip"}
    | {"city", "street", "postalcode", "lat", "lon", "latitude", "longitude"}
)
_WHO_PARTS = ("mail", "phone", "mobile", "address", "street", "birth")


def facts(s: Situation) -> dict[str, Any]:
    """Our own figures: nothing here was written by anybody outside."""
    known, person = s.facts, s.profile
    last = known.get("last_order_at")
    return {
        "goal": s.goal,
        "now": instant(s.now_us).isoformat(),
        "local_time": None if s.zone is None else _local(s.now_us, s.zone),
        "customer": {
            "segment": person["segment"],
            "orders": person["orders"],
            "revenue_minor": person["revenue_minor"],
            "days_since_last_order": None if last is None else max(0, s.now_us - last) // DAY_US,
            "discounts_taken": person["discounts_taken"],
            "preferred_channel": person["preferred_channel"],
            "locale": _shaped(person["locale"], _LOCALE),
            "language": _shaped(person["language"], _LANGUAGE),
            "consents": dict(person["consents"]),
            "addresses": dict(person["addresses"]),
            "open_complaint": person["open_complaint"],
        },
        "cart": {
            "value_minor": known.get("cart_value_minor"),
            "currency": _shaped(known.get("cart_currency"), _CURRENCY),
            "lowest_margin_bp": known.get("margin_bp"),
            "lines": [
                {
                    "line": n,
                    "quantity": line["quantity"],
                    "price_minor": line["price_minor"],
                    "stock": line["free_stock"],
                }
                for n, line in enumerate(_lines(s), 1)
            ],
        },
        "contacts": [
            {
                "channel": c["channel"],
                "class": c["class"],
                "status": c["status"],
                "hours_ago": (s.now_us - c["at"]) // HOUR_US,
                "this_journey": c["this_journey"],
            }
            for c in sorted(s.contacts, key=lambda c: -int(c["at"]))[:MOST_CONTACTS]
        ],
        "contacts_7_days": known.get("contacts_7_days"),
        "offers": s.offers,
        "journey": {
            "hours_open": (s.now_us - s.journey["opened_at"]) // HOUR_US,
            "decisions_before": s.journey["decisions"],
            "queued_contacts": s.journey["queued_contacts"],
        },
    }


def data(s: Situation) -> list[tuple[str, Any]]:
    """Everybody else's words, by their source."""
    found: list[tuple[str, Any]] = [
        ("catalogue", [_article(n, line) for n, line in enumerate(_lines(s), 1)]),
        ("events", [blotted(name, longest=_LONGEST_NAME) for name in s.wakes[-_MOST_VALUES:]]),
        ("events that no file names", [_event(event) for event in s.unknown_events[-3:]]),
        ("memory", [_memory(memory, s.now_us) for memory in s.memories]),
        ("steps", [_step(step, s.news_at) for step in s.steps[-MOST_STEPS:]]),
    ]
    return [(source, words) for source, words in found if words]


def written(value: Any) -> str:
    """JSON in which no tag can begin or end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def block(source: str, words: Any) -> str:
    """One data block."""
    return f'<data source="{source}">{written(words)}</data>'


def blotted(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """A text on one line, cut off, without what says who or where somebody is."""
    seen = text[: longest + _MARGIN]
    plain = "".join(" " if unicodedata.category(c) in _UNSEEN else c for c in seen)
    plain = " ".join(_hidden(word) for word in plain.split())
    plain = _NUMBER.sub("[number]", _OUR_ID.sub("[id]", plain))
    return plain if len(plain) <= longest and len(text) <= len(seen) else plain[:longest] + "…"


def _hidden(word: str) -> str:
    if "@" in word:
        return "[address]"
    return "[link]" if "://" in word or word.lower().startswith("www.") else word


#: So many characters more are read, so that an address at the cut is seen whole.
_MARGIN: Final = 100
#: Control and invisible characters, halves of characters, line and paragraph ends.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _shaped(value: Any, shape: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and shape.fullmatch(value) else None


def _local(at_us: int, zone: str) -> str:
    offset = timedelta(microseconds=offset_us(zone, at_us))
    return instant(at_us).astimezone(timezone(offset)).isoformat()


def _lines(s: Situation) -> Sequence[Mapping[str, Any]]:
    lines: Sequence[Mapping[str, Any]] = s.facts.get("cart_lines", ())
    return lines[:MOST_LINES]


def _article(n: int, line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "line": n,
        "name": blotted(str(line["name"]), longest=_LONGEST_NAME),
    }


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": blotted(str(event["name"]), longest=_LONGEST_NAME),
        "properties": _Cleaning(of_ours=False).clean(event["properties"]),
    }


def _memory(memory: Mapping[str, Any], now_us: int) -> dict[str, Any]:
    return {
        "kind": blotted(str(memory["kind"]), longest=_LONGEST_NAME),
        "days_ago": max(0, now_us - int(memory["at"])) // DAY_US,
        "text": blotted(str(memory["text"])),
    }


def _step(step: StepView, news_at: int) -> dict[str, Any]:
    said: dict[str, Any] = {
        "turn": step.n,
        "tool": step.tool,
        "args": _Cleaning(of_ours=True).clean(step.args),
        "outcome": step.outcome,
    }
    if step.fired and step.outcome != "allow":
        said["rules"] = [{"rule": f["rule"], "because": f["because"]} for f in step.fired]
    if step.result is not None:
        said["result"] = _Cleaning(of_ours=True).clean(step.result)
    # A person's answer is news itself: it stays fresh.
    if step.n <= news_at and "a_person_says" not in (step.result or {}):
        said["stale"] = True
    return said


class _Cleaning:
    """One walk over a value. `of_ours`: its keys, ids and instants were made by this decision."""

    def __init__(self, *, of_ours: bool) -> None:
        self._of_ours = of_ours
        self._left = _MOST_CHARACTERS

    def clean(self, value: Any, depth: int = 0) -> Any:
        """The value in plain JSON, of bounded size."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return value if abs(value) < (_LARGEST if self._of_ours else _LONG) else "[number]"
        if isinstance(value, str):
            return self._text(value)
        if depth >= _DEEPEST or self._left <= 0:
            return _LEFT_OUT
        if isinstance(value, Mapping):
            return {
                blotted(str(key), longest=_LONGEST_NAME): self._value(str(key), item, depth)
                for key, item in list(value.items())[:_MOST_VALUES]
                if not (self._of_ours and key == "id")
            }
        if isinstance(value, (list, tuple)):
            return [self.clean(item, depth + 1) for item in value[:_MOST_VALUES]]
        return None

    def _value(self, key: str, item: Any, depth: int) -> Any:
        if not self._of_ours and _says_who(key):
            return "[withheld]"
        return self.clean(item, depth + 1)

    def _text(self, text: str) -> str:
        if self._left <= 0:
            return _LEFT_OUT
        self._left -= len(text)
        if self._of_ours and (_ID.fullmatch(text) or _is_instant(text)):
            return text
        return blotted(text)


def _is_instant(text: str) -> bool:
    if not _INSTANT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _says_who(key: str) -> bool:
    plain = re.sub(r"[\W_]+", "", key).lower()
    return plain in _WHO or plain.endswith("id") or any(part in plain for part in _WHO_PARTS)
