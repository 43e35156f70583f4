"""People of the tests: messages take effect as the resolver lets them, contacts wait to be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from sqlalchemy import Connection, insert, select

from customers import profile
from customers.apply import apply_message
from customers.consent import own_grant
from customers.identifiers import Identifier, identifiers_of, previous_of
from customers.profile import Profile
from customers.resolve import Resolution, resolve
from store import counters, ledger
from store.database import Database
from store.ledger import Contact, EffectStatus, NewEffect
from store.schema import decisions, effects, identifiers, journeys, offers
from store.sealing import Vault

#: 2026-01-05T10:00:00Z in microseconds, where the tests' clock stands.
NOW = 1_767_607_200_000_000
HOUR = 3_600 * 1_000_000
DAY = 24 * HOUR

Message = dict[str, Any]


def identify(user: str | None = None, *, anonymous: str | None = None, **traits: Any) -> Message:
    """An `identify`."""
    message: Message = {"type": "identify", "traits": traits}
    return message | _who(user, anonymous)


def track(
    event: str, user: str | None = None, *, anonymous: str | None = None, **properties: Any
) -> Message:
    """A `track`."""
    message: Message = {"type": "track", "event": event, "properties": properties}
    return message | _who(user, anonymous)


def _who(user: str | None, anonymous: str | None) -> Message:
    stated = {"userId": user, "anonymousId": anonymous}
    return {name: value for name, value in stated.items() if value is not None}


class Town:
    """Everybody in one database."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.vault: Vault = db.vault
        self._numbers = count(1)

    def fresh_id(self, kind: str) -> str:
        """Ids in order."""
        return f"{kind}_{next(self._numbers):06}"

    def run(self, unit: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """One unit of work."""
        return self.db.write_now(unit, *args, **kwargs)

    def rows(self, query: Any) -> list[Any]:
        """What a query finds."""
        return self.db.read_now(lambda conn: list(conn.execute(query)))

    def hear(self, message: Message, *, at: int = NOW, now: int = NOW) -> Resolution:
        """Let one message take effect, in one unit."""
        fresh = self.vault.reserve(1)
        resolution: Resolution = self.run(self._hear, fresh[0], message, at, now)
        if not resolution.used_fresh:
            self.vault.give_back(fresh)
        return resolution

    def who(self, message: Message, *, at: int = NOW, now: int = NOW) -> str:
        """Whose message it is, after it has taken effect."""
        customer_id = self.hear(message, at=at, now=now).customer_id
        assert customer_id is not None
        return customer_id

    def _hear(
        self, conn: Connection, fresh: str, message: Message, at: int, now: int
    ) -> Resolution:
        found = settle(conn, self.vault, message, fresh=fresh, at=at, now=now)
        if found.customer_id is not None:
            apply_message(
                conn,
                self.vault,
                customer_id=found.customer_id,
                message=message,
                event_id=self.fresh_id("evt"),
                occurred_at=at,
                now_us=now,
                fresh_id=self.fresh_id,
            )
        return found

    def profile(self, customer_id: str) -> Profile:
        """As it is stored."""
        return self.db.read_now(profile.load, self.vault, customer_id)

    def journey(
        self, customer_id: str, *, goal: str = "recover_cart", subject: str = "cart-1", **more: Any
    ) -> str:
        """An open journey."""
        values = {
            "id": self.fresh_id("jrn"),
            "customer_id": customer_id,
            "goal": goal,
            "subject_hash": self.vault.lookup("subject", subject),
            "agent": "shopping",
            "arm": "agent",
            "status": "open",
            "opened_at": NOW,
            "expires_at": NOW + DAY,
            "context_sealed": self.vault.seal_json(customer_id, "journeys.context", {}),
            "seen_events": "[]",
            **more,
        }
        self.run(lambda conn: conn.execute(insert(journeys).values(**values)))
        return str(values["id"])

    def decision(self, customer_id: str, journey_id: str, *, status: str = "scheduled") -> str:
        """A decision of a journey."""
        values = {
            "id": self.fresh_id("dec"),
            "journey_id": journey_id,
            "customer_id": customer_id,
            "goal": "recover_cart",
            "agent": "shopping",
            "agent_version": 1,
            "arm": "agent",
            "mode": "sandbox",
            "status": status,
            "opened_at": NOW,
            "epoch": 1,
        }
        self.run(lambda conn: conn.execute(insert(decisions).values(**values)))
        return str(values["id"])

    def contact(
        self,
        customer_id: str,
        *,
        journey_id: str = "jrn_none",
        decision_id: str = "dec_none",
        channel: str = "email",
        purpose: str = "marketing",
        status: EffectStatus = EffectStatus.SCHEDULED,
        epoch: int = 1,
    ) -> str:
        """A contact on its way, with its place in the caps. Returns the effect's id."""
        effect = NewEffect(
            id=self.fresh_id("eff"),
            idempotency_key=self.fresh_id("key"),
            decision_id=decision_id,
            journey_id=journey_id,
            customer_id=customer_id,
            call_digest="digest",
            tool=f"send_{channel}",
            kind="contact",
            channel=channel,
            message_class=purpose,
            purpose=purpose,
            mode="sandbox",
            status=status,
            score=1,
            expires_at=NOW + DAY,
            body={"to": "somebody", "raw": "words"},
            not_before=NOW + HOUR if status is EffectStatus.SCHEDULED else None,
            sha256="0" * 64,
        )
        self.run(
            ledger.claim,
            self.vault,
            effect,
            epoch=epoch,
            now_us=NOW,
            claim_until=NOW + HOUR,
            contact=Contact(NOW, "2026-01-05"),
        )
        return effect.id

    def status(self, effect_id: str) -> str:
        """What became of an effect."""
        return str(self.rows(select(effects.c.status).where(effects.c.id == effect_id))[0][0])

    def offer(self, customer_id: str, *, code: str, cost: int = 500) -> str:
        """A code, its cost held out of the budget `budget:discounts`. Returns the effect's id."""
        effect_id = self.fresh_id("eff")
        values = {
            "id": self.fresh_id("off"),
            "effect_id": effect_id,
            "decision_id": "dec_none",
            "journey_id": "jrn_none",
            "customer_id": customer_id,
            "code_hash": self.vault.lookup("offer", code),
            "code_sealed": self.vault.seal(customer_id, "offers.code", code.encode()),
            "discount_bp": 1_000,
            "cost_minor": cost,
            "currency": "EUR",
            "created_at": NOW,
            "expires_at": NOW + DAY,
            "status": "issued",
        }

        def unit(conn: Connection) -> None:
            counters.set_ceiling(conn, "budget:discounts", 10_000)
            assert counters.reserve(conn, effect_id=effect_id, key="budget:discounts", amount=cost)
            conn.execute(insert(offers).values(**values))

        self.run(unit)
        return effect_id

    def partition(self, named: Iterable[Identifier]) -> frozenset[frozenset[Identifier]]:
        """Which of these identifiers are one person's."""
        by_hash = {identifier.hashed(self.vault): identifier for identifier in named}
        owners: dict[str, set[Identifier]] = {}
        for row in self.rows(select(identifiers).where(identifiers.c.value_hash.in_(by_hash))):
            owners.setdefault(row.customer_id, set()).add(by_hash[row.value_hash])
        return frozenset(frozenset(theirs) for theirs in owners.values())


def settle(
    conn: Connection, vault: Vault, message: Message, *, fresh: str, at: int = NOW, now: int = NOW
) -> Resolution:
    """Whose message it is, asked as the resolver asks."""
    return resolve(
        conn,
        vault,
        identifiers_of(message),
        fresh_customer_id=fresh,
        now_us=now,
        joins=message["type"] in ("identify", "alias"),
        own_consent=own_grant(message),
        occurred_at=at,
        previous=previous_of(message),
    )
