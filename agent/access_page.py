"""The readable half of an access archive: one page of HTML in plain words, for the person it is of.

Whatever came from outside is text: the template escapes all of it. The page holds no script, asks
for nothing from anywhere, and comes piece by piece, as its rows are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from jinja2 import Environment, StrictUndefined

from agent.explain_words import goal_words, reason_words, sentence
from agent.fact_words import CHANNELS, money, percent
from store.schema import (
    approvals,
    complaints,
    consents,
    events,
    identifiers,
    leases,
    memories,
    offers,
    orders,
    suppressions,
    tickets,
)

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_DEEPEST = 32
_LOST = "(this can no longer be read)"
_KINDS = {
    "user_id": "customer number",
    "email": "e-mail address",
    "phone": "phone number",
    "anonymous_id": "device or browser",
}
_CONSENTS = {
    "granted": "you agreed",
    "pending": "you agreed, and have not confirmed it yet",
    "denied": "you said no",
    "revoked": "you took your agreement back",
}
_EFFECTS = {
    "claimed": "is about to be carried out",
    "sent": "was carried out",
    "scheduled": "is planned",
    "unknown": "was handed over; whether it arrived is not known",
    "failed": "did not work",
    "preempted": "was not done, because something else came first",
    "cancelled": "was stopped before it was done",
    "expired": "was not done in time, and is not done any more",
}
_OUTCOMES = {
    "allow": "allowed",
    "deny": "not allowed",
    "needs_reason": "allowed only for a reason",
    "review": "to be looked at by a person",
    "approval": "to be signed by a person",
}
_SCOPES = {"all": "everything", "address": "one address"}


class Kept(Protocol):
    """What the page is made of (`agent.access_archive.Kept`)."""

    id: str
    earlier: list[str]

    def profile(self) -> dict[str, Any]:
        """Traits and figures."""
        ...

    def rows(self, table: Any) -> Iterator[dict[str, Any]]:
        """Rows of a table, opened."""
        ...

    def effects(self) -> Iterator[dict[str, Any]]:
        """What was done, or was to be done."""
        ...

    def decisions(self) -> Iterator[dict[str, Any]]:
        """Decisions with their steps."""
        ...

    def event(self, event_id: str) -> dict[str, Any] | None:
        """One event."""
        ...


def page(kept: Kept, now_us: int) -> Iterator[str]:
    """The page, in pieces."""
    parts = _TEMPLATE.stream(
        now=now_us,
        kept=kept,
        profile=kept.profile(),
        identifiers=kept.rows(identifiers),
        consents=kept.rows(consents),
        suppressions=kept.rows(suppressions),
        effects=kept.effects(),
        offers=kept.rows(offers),
        orders=kept.rows(orders),
        complaints=_complaints(kept),
        memories=kept.rows(memories),
        decisions=kept.decisions(),
        hands=_hands(kept),
        events=kept.rows(events),
    )
    parts.enable_buffering(200)
    yield from parts


def flat(value: Any) -> list[tuple[str, str]]:
    """A value as `(name, text)`, names with dots; at most 32 levels, as everything is taken."""
    found: list[tuple[str, str]] = []
    _flatten(value, "", found, 0)
    return found


def _flatten(value: Any, name: str, found: list[tuple[str, str]], depth: int) -> None:
    inner: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        inner = [_said(str(key), part, value) for key, part in value.items()]
    elif isinstance(value, list | tuple):
        inner = [(str(k), part) for k, part in enumerate(value, 1)]
    if not inner or depth > _DEEPEST:
        if value not in (None, "", {}, [], ()):
            found.append((name, _text(value)))
        return
    for key, part in inner:
        _flatten(part, f"{name}.{key}" if name else key, found, depth + 1)


def _said(name: str, value: Any, beside: Mapping[str, Any]) -> tuple[str, Any]:
    """Amounts with the currency that stands beside them, and shares in percent."""
    if type(value) is int and name.endswith("_minor"):
        currency = beside.get("currency")
        return name[:-6], money(value, currency if isinstance(currency, str) else None)
    if type(value) is int and name.endswith("_bp"):
        return name[:-3], percent(value)
    return name, value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _when(at_us: int | None) -> str:
    if at_us is None:
        return ""
    at = _BEGIN + timedelta(microseconds=at_us)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def _complaints(kept: Kept) -> Iterator[dict[str, Any]]:
    """Complaints, with the words of the event that each was."""
    for row in kept.rows(complaints):
        event = kept.event(row["id"]) or {}
        said = event.get("properties")
        yield row | {"said": flat(said) if isinstance(said, Mapping) else []}


def _hands(kept: Kept) -> Iterator[dict[str, Any]]:
    """Where people of ours looked at this person's case."""
    for row in kept.rows(approvals):
        answer = f"{row['status']} by {row['decided_by']}" if row["decided_by"] else row["status"]
        about = f"{row['requested_by']} asked a person whether it may go on: {answer}"
        yield {"at": row["requested_at"], "about": about, "said": flat(row["body"])}
    for row in kept.rows(tickets):
        about = f"A ticket for {row['queue']} ({row['priority']}), {row['status']}"
        yield {"at": row["at"], "about": about, "said": flat(row["body"])}
    for row in kept.rows(leases):
        about = f"{row['holder']} looked after you, until {_when(row['until'])}"
        yield {"at": row["at"], "about": about, "said": [("reason", row["reason"] or "")]}


def _read(body: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """What an effect holds. Of a letter only to whom it went and about what: its words follow."""
    if body and body.get("text"):
        return flat({name: body.get(name) for name in ("to", "subject")})
    return flat(body)


def _scope(row: Mapping[str, Any]) -> str:
    what = _SCOPES.get(row["scope"], f"everything for {row['purpose'] or 'marketing'}")
    return what + (f" by {_channel(row['channel'])}" if row["channel"] else "")


def _channel(channel: str) -> str:
    return CHANNELS.get(channel, channel)


def _because(step: Mapping[str, Any]) -> list[str]:
    return [sentence(fired["because"]) for fired in step["verdict"]["fired"]]


def _environment() -> Environment:
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: _LOST if value is None else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "when": _when,
        "flat": flat,
        "read": _read,
        "words": goal_words,
        "because": _because,
        "why": reason_words,
        "channel": _channel,
        "scope": _scope,
        "percent": percent,
        "kind": lambda kind: _KINDS.get(kind, kind),
        "consent": lambda state: _CONSENTS.get(state, state),
        "effect": lambda status: _EFFECTS.get(status, status),
        "outcome": lambda outcome: _OUTCOMES.get(outcome, outcome),
    }
    made.globals["money"] = money
    return made


_TEMPLATE = _environment().from_string("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>What we keep of you</title>
<style>
body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
h2 { margin-top: 2em; border-bottom: 1px solid #bbb }
li { margin: .4em 0; overflow-wrap: anywhere } pre { white-space: pre-wrap; background: #f4f4f4;
padding: .6em } small { color: #555 }
</style>
</head>
<body>
{% macro facts(pairs) %}
{% for name, text in pairs %}<br>{% if name %}<small>{{ name }}:</small> {% endif %}{{ text }}
{% endfor %}
{% endmacro %}
<h1>What we keep of you</h1>
<p>This is everything that was kept of you on {{ now | when }}. The file <b>data.json</b> beside
this one holds the same and every detail, for programs; a message is in there as it was sent, byte
for byte. Times are in UTC.</p>

<h2>Who you are to us</h2>
<p>To us you are {{ kept.id }}.{% if kept.earlier %} Earlier records of yours became this one:
{{ kept.earlier | join(", ") }}.{% endif %}</p>
<ul>
{% for i in identifiers %}
<li>{{ i.kind | kind }}: {{ i.value }} <small>first seen {{ i.first_seen_at | when }}</small></li>
{% else %}<li>Nothing by which we could tell who you are.</li>
{% endfor %}
{% for name, trait in profile.traits | dictsort %}
<li>{{ name }} <small>said {{ trait.at | when }}, by {{ trait.source }}</small>
{{ facts(trait.value | flat) }}</li>
{% endfor %}
<li>Orders that we counted: {{ profile.orders }}{% for currency, minor in profile.revenue | dictsort
%}, together {{ money(minor, currency) }}{% endfor %}</li>
</ul>

<h2>What you allowed</h2>
<ul>
{% for c in consents %}
<li>{{ c.channel | channel }}, {{ c.purpose }}: {{ c.state | consent }}, {{ c.at | when }}
{%- if c.expires_at %}, until {{ c.expires_at | when }}{% endif %}
{{ facts(c.evidence | flat) }}</li>
{% else %}<li>You never said anything about it, which we take for no.</li>
{% endfor %}
</ul>

<h2>What was stopped</h2>
<ul>
{% for s in suppressions %}
<li>No contact: {{ s | scope }}. Stopped {{ s.at | when }} by {{ s.by }}
{%- if s.until %}, until {{ s.until | when }}{% endif %}
{%- if s.lifted_at %}; allowed again {{ s.lifted_at | when }}{% endif %}.
{% if s.reason %}Why: {{ s.reason }}{% endif %}</li>
{% else %}<li>Nothing.</li>
{% endfor %}
</ul>

<h2>What we sent, and what we did not and why</h2>
<ul>
{% for e in effects %}
<li>{{ e.claimed_at | when }}: {{ e.kind | words }}
{%- if e.channel != "none" %} by {{ e.channel | channel }}{% endif %} for {{ e.purpose }}
{{ e.status | effect }}
{% if e.mode != "live" %}<small>(a trial: it went no further than our own folder)</small>{% endif %}
{% if e.reason %}<br>Why: {{ e.reason | why }}{% endif %}
{{ facts(e.body | read) }}
{% if e.body and e.body.get("text") %}<pre>{{ e.body.get("text") }}</pre>{% endif %}</li>
{% else %}<li>Nothing.</li>
{% endfor %}
</ul>

<h2>Offers</h2>
<ul>
{% for o in offers %}
<li>Code {{ o.code }}: {{ o.discount_bp | percent }} off, made {{ o.created_at | when }}, good until
{{ o.expires_at | when }}; {{ o.status }}
{%- if o.redeemed_at %} on {{ o.redeemed_at | when }}{% endif %}</li>
{% else %}<li>None.</li>
{% endfor %}
</ul>

<h2>Orders</h2>
<ul>
{% for o in orders %}
<li>{{ o.at | when }}{{ facts(o.body | flat) }}</li>
{% else %}<li>None.</li>
{% endfor %}
</ul>

<h2>Complaints</h2>
<ul>
{% for c in complaints %}
<li>{{ c.at | when }},
{%- if c.closed_at %} answered {{ c.closed_at | when }}{% else %} open{% endif %}
{{ facts(c.said) }}</li>
{% else %}<li>None.</li>
{% endfor %}
</ul>

<h2>What we remember</h2>
<ul>
{% for m in memories %}
<li>{{ m.at | when }}: {{ m.text }}
{%- if m.expires_at %} <small>until {{ m.expires_at | when }}</small>{% endif %}</li>
{% else %}<li>Nothing.</li>
{% endfor %}
</ul>

<h2>Decisions about you, with their reasons</h2>
<p>A program proposes, rules decide, and where rules say so a person does. In our words of a
decision "this person" is you.</p>
<ul>
{% for d in decisions %}
<li>{{ d.opened_at | when }}, to {{ d.goal | words }}: {{ d.summary }}
{% for step in d.steps %}
<br>{{ step.call.tool | words }}: {{ step.verdict.outcome | outcome }}.
{%- for said in step | because %} {{ said }}{% endfor %}
{%- if step.reasoning %} <small>The program's own reason: {{ step.reasoning }}</small>{% endif %}
{% endfor %}</li>
{% else %}<li>None.</li>
{% endfor %}
</ul>

<h2>Where people of ours looked at it</h2>
<ul>
{% for h in hands %}
<li>{{ h.at | when }}: {{ h.about }}{{ facts(h.said) }}</li>
{% else %}<li>Nowhere.</li>
{% endfor %}
</ul>

<h2>What we heard of you</h2>
<ul>
{% for e in events %}
<li>{{ e.occurred_at | when }}: {{ e.body and e.body.get("event") or e.kind }}
{%- if e.reason %} <small>{{ e.reason }}</small>{% endif %}
{{ facts(e.body | flat) }}</li>
{% else %}<li>Nothing.</li>
{% endfor %}
</ul>
</body>
</html>
""")
