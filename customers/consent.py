"""Consent: person × channel × purpose, with time, source and evidence. Absent is not granted.

An older event never undoes a newer one; at the same instant the stricter one holds. What is said
for `all` channels or purposes is written out for each. What is said unclearly grants nothing and
refuses everything it could mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, or_, select, update

from store.schema import consents
from store.sealing import Vault
from store.upsert import insert_or_ignore

LABEL = "consents.evidence"
CHANNELS = ("email", "sms")
PURPOSES = ("marketing", "service")
STRICTNESS = {"granted": 0, "pending": 1, "denied": 2, "revoked": 3}
REFUSALS = ("denied", "revoked")
#: Channels of other systems: a refusal that names one of them says nothing about ours.
_ELSEWHERE = frozenset(
    ["push", "web_push", "in_app", "web", "whatsapp", "phone", "voice", "post", "fax"]
)
_ALL = frozenset(["all", "*", "any"])
#: What of a consent's message is kept as its evidence: who asked, how, in which words, where.
EVIDENCE = ("source", "evidence", "text", "text_version", "form", "address", "double_opt_in")


@dataclass(frozen=True, slots=True)
class Statement:
    """One consent as it was said; `expires_at` in microseconds, None: no end."""

    channel: str
    purpose: str
    state: str
    expires_at: int | None


def record(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    channel: str,
    purpose: str,
    state: str,
    at: int,
    evidence: Mapping[str, Any],
    expires_at: int | None = None,
) -> bool:
    """Write one consent; False where a newer (or, at the same instant, stricter) one stands."""
    values = {
        "state": state,
        "at": at,
        "expires_at": expires_at,
        "evidence_sealed": vault.seal_json(customer_id, LABEL, dict(evidence)),
    }
    if insert_or_ignore(
        conn, consents, customer_id=customer_id, channel=channel, purpose=purpose, **values
    ):
        return True
    replaced = conn.execute(
        update(consents)
        .where(
            consents.c.customer_id == customer_id,
            consents.c.channel == channel,
            consents.c.purpose == purpose,
            or_(consents.c.at < at, (consents.c.at == at) & _milder(state, expires_at)),
        )
        .values(**values)
    )
    return replaced.rowcount == 1


def to_be_confirmed(said: Statement, confirm_first: frozenset[str]) -> bool:
    """Whether a grant waits for a confirmation: on these channels, for marketing."""
    return said.channel in confirm_first and said.purpose == "marketing"


def ask(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    said: Statement,
    at: int,
    evidence: Mapping[str, Any],
) -> bool:
    """Write a grant that the person has yet to confirm (double opt-in); it allows nothing so far.

    False where a grant that holds, or anything newer, stands.
    """
    standing = conn.execute(_ONE, _key(customer_id, said)).first()
    if standing is not None and standing.state == "granted" and not _ended(standing, at):
        return False
    return record(
        conn,
        vault,
        customer_id=customer_id,
        channel=said.channel,
        purpose=said.purpose,
        state="pending",
        at=at,
        evidence=evidence,
        expires_at=said.expires_at,
    )


def confirm(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    said: Statement,
    at: int,
    evidence: Mapping[str, Any],
) -> bool:
    """Make what waits for its confirmation a grant. False where nothing does: never asked, refused
    since, or confirmed before it was asked."""
    standing = conn.execute(_ONE, _key(customer_id, said)).first()
    if standing is None or standing.state != "pending" or standing.at > at:
        return False
    asked = vault.open_json(LABEL, standing.evidence_sealed)
    both = {**asked, "asked_at": standing.at, "confirmed": dict(evidence)}
    conn.execute(
        update(consents)
        .where(
            consents.c.customer_id == customer_id,
            consents.c.channel == said.channel,
            consents.c.purpose == said.purpose,
        )
        .values(state="granted", at=at, evidence_sealed=vault.seal_json(customer_id, LABEL, both))
    )
    return True


_ONE = select(consents).where(
    consents.c.customer_id == bindparam("customer"),
    consents.c.channel == bindparam("of_channel"),
    consents.c.purpose == bindparam("of_purpose"),
)


def _ended(row: Row[Any], at: int) -> bool:
    return row.expires_at is not None and row.expires_at <= at


def _key(customer_id: str, said: Statement) -> dict[str, str]:
    return {"customer": customer_id, "of_channel": said.channel, "of_purpose": said.purpose}


def _milder(state: str, expires_at: int | None) -> ColumnElement[bool]:
    """Whether what stands is milder: a milder word, or the same word for a longer time."""
    words = [s for s, rank in STRICTNESS.items() if rank < STRICTNESS[state]]
    milder = consents.c.state.in_(words)
    if expires_at is None:
        return milder
    longer = or_(consents.c.expires_at.is_(None), consents.c.expires_at > expires_at)
    return or_(milder, (consents.c.state == state) & longer)


def own_grant(message: Mapping[str, Any]) -> bool:
    """Whether this is a person's own new consent: said by them, for something, and no history."""
    context = message.get("context")
    if isinstance(context, Mapping) and context.get("historical"):
        return False
    if message.get("type") != "track" or message.get("event") != "Consent Granted":
        return False
    properties = message.get("properties")
    if not isinstance(properties, Mapping):
        return False
    return bool(
        granted(properties.get("channel"), CHANNELS)
        and granted(properties.get("purpose"), PURPOSES)
    )


def granted(word: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    """The channels (or purposes) that a grant names; none where it names none, or unclearly."""
    words = _words(word)
    if words & _ALL:
        return known
    return tuple(k for k in known if k in words)


def refused_channels(word: Any) -> tuple[str, ...]:
    """The channels that a refusal names; all of ours where it names none of them clearly."""
    words = _words(word)
    if not words or not words <= set(CHANNELS) | _ELSEWHERE:
        return CHANNELS
    return tuple(k for k in CHANNELS if k in words)


def refused_purposes(word: Any) -> tuple[str, ...]:
    """The purposes that a refusal names: all where it names none. An unclear word is marketing, the
    one purpose that lives by consent; a marketing opt-out never stops service."""
    words = _words(word)
    if not words or words & _ALL:
        return PURPOSES
    return tuple(k for k in PURPOSES if k in words) or ("marketing",)


def statements(event: str, properties: Mapping[str, Any]) -> list[Statement]:
    """What `Consent Granted`, `Confirmed` or `Revoked` says, for each channel and purpose.

    A grant whose end cannot be read grants nothing: for how long is not known.
    """
    if event in ("Consent Granted", "Consent Confirmed"):
        try:
            ends = expiry(properties)
        except ValueError:
            return []
        return [
            Statement(channel, purpose, "granted", ends)
            for channel in granted(properties.get("channel"), CHANNELS)
            for purpose in granted(properties.get("purpose"), PURPOSES)
        ]
    if event == "Consent Revoked":
        return [
            Statement(channel, purpose, "revoked", None)
            for channel in refused_channels(properties.get("channel"))
            for purpose in refused_purposes(properties.get("purpose"))
        ]
    return []


def expiry(properties: Mapping[str, Any]) -> int | None:
    """When a consent ends, in microseconds; None where it says no end. `ValueError`: unreadable."""
    stated = properties.get("expires_at", properties.get("expiresAt"))
    if stated is None:
        return None
    if not isinstance(stated, str):
        raise ValueError("the end of a consent is an instant such as 2026-03-01T00:00:00Z")
    at = datetime.fromisoformat(stated)
    if at.tzinfo is None:
        raise ValueError("the end of a consent needs its zone")
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


_OF_CUSTOMER = (
    select(consents)
    .where(consents.c.customer_id == bindparam("customer"))
    .order_by(consents.c.channel, consents.c.purpose)
)


def of_customer(conn: Connection, customer_id: str) -> list[Row[Any]]:
    """All consents of a person."""
    return list(conn.execute(_OF_CUSTOMER, {"customer": customer_id}))


def states(rows: list[Row[Any]], now_us: int) -> dict[tuple[str, str], str]:
    """Channel and purpose → granted, denied, revoked or absent. An ended grant is absent, and so is
    one that was never confirmed."""
    found = {(c, p): "absent" for c in CHANNELS for p in PURPOSES}
    for row in rows:
        ended = row.expires_at is not None and row.expires_at <= now_us
        nothing = row.state == "pending" or (ended and row.state == "granted")
        found[row.channel, row.purpose] = "absent" if nothing else row.state
    return found


def _words(stated: Any) -> set[str]:
    listed = stated if isinstance(stated, (list, tuple)) else [stated]
    return {str(word).strip().casefold() for word in listed if word not in (None, "")}
