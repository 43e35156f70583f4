"""Ada, with everything one can have in every table, and Bob with as much of his own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, update

from customers import erasure
from store import approvals, journal, lanes, wakeups
from store.approvals import Question
from store.ledger import EffectStatus
from store.schema import effects, events, inbox, metadata
from store.sealing import Erased
from tests.customers.people import DAY, HOUR, NOW, Town, identify, track

LABEL = "inbox.payload"
#: What is personal of Ada, in any table and in any column.
PERSONAL = (
    "lovelace",
    "493023125000",
    "device-ada",
    "Analytical",
    "weeping",
    "ORDER-ADA",
    "CODEADA2",
)


class House:
    """Ada with everything one can have, an absorbed profile of hers too; and Bob, with as much."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.bob = self._furnish("bob", "bob@example.com", "+493023125001", "device-bob", "BOB")
        anonymous = town.who(track("Product Viewed", anonymous="device-ada"))
        ada = self._furnish("ada", "ada.lovelace@example.com", "+493023125000", None, "ADA")
        self.ada = town.who(identify("ada", anonymous="device-ada"))
        self.absorbed = ada if self.ada == anonymous else anonymous

    def _furnish(self, user: str, email: str, phone: str, device: str | None, mark: str) -> str:
        town = self.town
        word = "weeping" if mark == "ADA" else "laughing"
        who = town.who(identify(user, anonymous=device, email=email, phone=phone, mood=word))
        town.who(track("Consent Granted", user, channel="all", purpose="all", evidence=email))
        town.who(track("Order Completed", user, order_id=f"ORDER-{mark}", total=5, currency="EUR"))
        town.who(track("Complaint Received", user, text=word))
        town.who(track("Email Bounced", user, email=f"old.{email}"))
        journey = town.journey(who, reason=f"changed by {word}")
        decision = town.decision(who, journey)
        self.queued = town.contact(who, journey_id=journey, decision_id=decision)
        self.sent = town.contact(who, status=EffectStatus.SENT)
        self.claimed = town.contact(who, status=EffectStatus.CLAIMED)
        town.run(_say_why, self.sent, f"550 no such mailbox {email}")
        self.offered = town.offer(who, code=f"CODE{mark}2")
        town.run(
            approvals.ask,
            town.vault,
            Question(
                id=town.fresh_id("apr"),
                decision_id=decision,
                journey_id=journey,
                customer_id=who,
                call_digest="digest",
                outcome="approval",
                requested_by="agent:shopping",
                requested_at=NOW,
                due_at=NOW + DAY,
                body={"message": word, "rules": []},
            ),
        )
        town.run(
            wakeups.schedule, kind="check_back", ref=decision, due_at=NOW + HOUR, customer_id=who
        )
        epoch = town.run(lanes.take, who)
        town.run(
            journal.append,
            town.vault,
            customer_id=who,
            decision_id=decision,
            kind="opened",
            body={"to": email},
            at=NOW,
            epoch=epoch,
        )
        self._arrive(user, who, email, word)
        return who

    def _arrive(self, user: str, who: str, email: str, word: str) -> None:
        town = self.town
        body = {"type": "track", "userId": user, "event": word, "traits": {"email": email}}

        def unit(conn: Connection) -> None:
            for status in ("resolved", "dead"):
                payload = town.vault.seal_json(town.vault.intake(), LABEL, body)
                key = town.fresh_id("evt")
                done = conn.execute(
                    insert(inbox).values(
                        event_id=key,
                        source="src",
                        message_hash=key,
                        kind="track",
                        urgent=0,
                        historical=0,
                        payload_sealed=payload if status == "dead" else None,
                        received_at=NOW,
                        status=status,
                        attempts=0,
                        reason="ValueError" if status == "dead" else None,
                    )
                )
                if status == "resolved":
                    assert done.inserted_primary_key is not None
                    conn.execute(
                        insert(events).values(
                            id=key,
                            customer_id=who,
                            seq=done.inserted_primary_key[0],
                            kind="track",
                            urgent=0,
                            occurred_at=NOW,
                            received_at=NOW,
                            body_sealed=town.vault.seal_json(who, "events.body", body),
                            state="waiting",
                        )
                    )

        town.run(unit)

    def prepare(self, customer_id: str | None = None) -> list[str]:
        everyone: list[str] = self.town.run(
            erasure.prepare, customer_id or self.ada, now_us=NOW + 1
        )
        return everyone

    def erase(self) -> dict[str, Any]:
        town, everyone = self.town, self.prepare()
        keys = town.vault.destroy(everyone)
        town.run(erasure.drop_dead_letters, town.vault, everyone, label=LABEL)
        receipt: dict[str, Any] = self.delete(everyone, keys=keys)
        return receipt

    def delete(self, everyone: list[str], *, keys: int = 0) -> dict[str, Any]:
        receipt: dict[str, Any] = self.town.run(
            erasure.delete_rows,
            everyone,
            erasure_id="era_1",
            by="ops",
            now_us=NOW + 2,
            keys=keys,
        )
        return receipt


def _say_why(conn: Connection, effect_id: str, reason: str) -> None:
    conn.execute(update(effects).where(effects.c.id == effect_id).values(reason=reason))


def everything(town: Town) -> list[tuple[str, str, Any]]:
    """Every value in every column of every table."""
    return [
        (table.name, column, value)
        for table in metadata.sorted_tables
        for row in town.rows(select(table))
        for column, value in row._mapping.items()
        if value is not None
    ]


def readable(town: Town, *owners: str) -> list[tuple[str, str]]:
    """Columns of these people's that still open, or hold something of Ada's unsealed."""
    found = []
    for name, column, value in everything(town):
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if any(word in text for word in PERSONAL):
            found.append((name, column))
    for table in metadata.sorted_tables:
        if "customer_id" not in table.c:
            continue
        for row in town.rows(select(table).where(table.c.customer_id.in_(owners))):
            for column, value in row._mapping.items():
                if isinstance(value, bytes) and _opens(town, value):
                    found.append((table.name, column))
    return found


def _opens(town: Town, sealed: bytes) -> bool:
    try:
        town.vault.open("whatever", sealed)
    except Erased:
        return False
    except ValueError:
        return True  # the key is there; only the label was wrong
    return True
