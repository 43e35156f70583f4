"""A small world on a real database: the shipped pack live, products, customers with open lanes.

What a lane would do around a claim is done here in a line: take the lane, decide, prepare, claim.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from customers import complaints, consent, profile
from customers.identifiers import normalise
from customers.resolve import resolve
from policies.verdict import Outcome
from store import approvals, documents, lanes, ledger
from store.approvals import Question
from store.database import Database
from store.ids import new_id
from store.ledger import EffectStatus
from store.schema import (
    contacts,
    counters,
    decisions,
    effects,
    offers,
    products,
    reservations,
    suppressions,
    tickets,
    wakeups,
)
from tests.tools.pictures import NOW, a_call, a_profile, a_setting, pack_text, sending
from tools.claim import Claim, Claimed, Refused, claim
from tools.codes import fresh_code, unsubscribe_token
from tools.gate import Decided, Proposed, decide
from tools.instants import DAY_US
from tools.packs import PackShelf
from tools.picture import CHANNELS, PURPOSES, Picture, load_picture
from tools.tool import Prepared, Setting

#: The counters of the month in which the tests stand, and of the article in the cart.
MONTH = "budget:discounts:2026-01"
LAMP = "stock:lamp"
CART: dict[str, Any] = {"items": [{"sku": "lamp", "quantity": 1}], "currency": "EUR"}
_SHELF = PackShelf()


@dataclass
class Person:
    """A customer, their open lane, and the decision that is being made for them."""

    id: str
    epoch: int
    decision_id: str
    cart: dict[str, Any] = field(default_factory=lambda: dict(CART))


@dataclass(frozen=True)
class Ready:
    """A call that was decided and prepared, and only has to be claimed."""

    person: Person
    decided: Decided
    prepared: Prepared
    setting: Setting
    effect_id: str


class World:
    """Everything the tools stand on."""

    def __init__(self, db: Database, *, now_us: int = NOW, mode: str = "sandbox") -> None:
        self.db, self.now_us, self.mode, self.shelf = db, now_us, mode, _SHELF
        self.recorded: list[Claimed] = []

    # -- what people and shops put in ------------------------------------------------------------

    def put_pack(self, *changes: tuple[str, str]) -> None:
        """Make the shipped pack live, with passages of it changed."""
        self.db.write_now(
            documents.put,
            kind="policy",
            name="commerce",
            text=pack_text(*changes),
            author="tests",
            at=self.now_us,
        )

    def put_product(self, sku: str = "lamp", **changes: Any) -> None:
        """Say what the shop has of an article; a newer word replaces the older one."""
        row = {
            "sku": sku,
            "name": f"Article {sku}",
            "price_minor": 10_000,
            "cost_minor": 3_000,
            "currency": "EUR",
            "stock": 100,
            "tax_bp": 1_900,
            "fetched_at": self.now_us,
            **changes,
        }

        def put(conn: Connection) -> None:
            old = conn.execute(select(products.c.sku).where(products.c.sku == sku)).first()
            if old is None:
                conn.execute(products.insert().values(**row))
            else:
                conn.execute(update(products).where(products.c.sku == sku).values(**row))

        self.db.write_now(put)

    def person(self, name: str = "ada", *, consents: bool = True, **traits: Any) -> Person:
        """Somebody with an address on both channels, and consent."""
        vault = self.db.vault
        (fresh,) = vault.reserve(1)
        number = 4917612345000 + len(name) * 7 + sum(map(ord, name)) % 900
        found = [normalise("user_id", name), normalise("email", f"{name}@customer.example")]
        found.append(normalise("phone", f"+{number}"))

        def make(conn: Connection) -> str:
            resolution = resolve(
                conn,
                vault,
                [identifier for identifier in found if identifier is not None],
                fresh_customer_id=fresh,
                now_us=self.now_us,
                joins=True,
                own_consent=False,
            )
            customer_id = resolution.customer_id
            assert customer_id is not None
            known = a_profile(**traits)
            profile.save(conn, vault, customer_id, known, now_us=self.now_us)
            for channel in CHANNELS if consents else ():
                for purpose in PURPOSES:
                    consent.record(
                        conn,
                        vault,
                        customer_id=customer_id,
                        channel=channel,
                        purpose=purpose,
                        state="granted",
                        at=self.now_us - DAY_US,
                        evidence={},
                    )
            return customer_id

        customer_id = self.db.write_now(make)
        person = Person(customer_id, 0, "")
        self.take_lane(person)
        self.new_decision(person)
        return person

    def take_lane(self, person: Person) -> None:
        """Take the person's lane under a new epoch."""
        person.epoch = self.db.write_now(lanes.take, person.id)

    def new_decision(self, person: Person) -> None:
        """Begin another decision in the person's one journey."""
        person.decision_id = new_id("dec")
        row = {
            "id": person.decision_id,
            "journey_id": self.journey_of(person),
            "customer_id": person.id,
            "goal": "recover_cart",
            "agent": "shopping",
            "agent_version": 1,
            "arm": "agent",
            "mode": self.mode,
            "status": "running",
            "opened_at": self.now_us,
            "epoch": person.epoch,
        }
        self.db.write_now(lambda conn: conn.execute(decisions.insert().values(**row)) and None)

    # -- deciding and claiming -------------------------------------------------------------------

    @staticmethod
    def journey_of(person: Person) -> str:
        """The id of the person's journey."""
        return f"jrn_{person.id.removeprefix('cus_')}"

    def setting(self, person: Person, **changes: Any) -> Setting:
        """What a call of this person's decision stands in."""
        live = self.db.read_now(self.shelf.live, "commerce")
        return a_setting(
            pack=live,
            journey_id=self.journey_of(person),
            decision_id=person.decision_id,
            context={"cart": person.cart},
            mode=self.mode,
            fresh_code=fresh_code,
            unsubscribe_token=partial(unsubscribe_token, self.db.vault),
            **changes,
        )

    def picture(self, person: Person, *, without: frozenset[str] = frozenset()) -> Picture:
        """What is known of a person now."""
        return self.db.read_now(
            load_picture,
            self.db.vault,
            customer_id=person.id,
            context={"cart": person.cart},
            pack=self.db.read_now(self.shelf.live, "commerce"),
            now_us=self.now_us,
            without=without,
            agent="shopping",
        )

    def decide(self, person: Person, tool: str, args: dict[str, Any], **more: Any) -> Decided:
        """What the gate says now."""
        return decide(self.picture(person), a_call(tool, args, **more), self.setting(person))

    def ready(
        self,
        person: Person,
        tool: str = "send_email",
        args: dict[str, Any] | None = None,
        *,
        setting: Setting | None = None,
        **more: Any,
    ) -> Ready:
        """Decide and prepare a call, up to its claim."""
        call: Proposed = a_call(tool, args if args is not None else self.letter(), **more)
        picture, setting = self.picture(person), setting or self.setting(person)
        decided = decide(picture, call, setting)
        assert decided.tool is not None and decided.tool.prepare is not None, decided.verdict
        effect_id = new_id("eff")
        prepared = decided.tool.prepare(picture, decided.args, setting, effect_id)
        return Ready(person, decided, prepared, setting, effect_id)

    def claim(self, ready: Ready, **changes: Any) -> Claimed:
        """Claim it, in one unit of its own."""
        request = Claim(
            proposed=ready.decided.proposed,
            prepared=ready.prepared,
            setting=ready.setting,
            customer_id=ready.person.id,
            context={"cart": ready.person.cart},
            pack_name="commerce",
            effect_id=ready.effect_id,
            epoch=ready.person.epoch,
            now_us=self.now_us,
            claim_until=30_000_000,
            score=0,
            record=lambda conn, claimed: self.recorded.append(claimed),
        )
        return self.db.write_now(claim, self.db.vault, self.shelf, replace(request, **changes))

    def do(self, person: Person, tool: str, args: dict[str, Any], **more: Any) -> Claimed:
        """Decide, prepare and claim."""
        return self.claim(self.ready(person, tool, args, **more))

    def letter(self, message: str = "cart_reminder", **more: Any) -> dict[str, Any]:
        """Arguments of a send tool, of use for two days from now."""
        return sending(message, now_us=self.now_us, **more)

    def offer(self, person: Person, discount_bp: int = 1_000) -> Claimed:
        """Give the person a code."""
        return self.do(person, "create_offer", {"discount_bp": discount_bp, "valid_hours": 72})

    def move(self, effect_id: str, to: EffectStatus) -> bool:
        """What a channel, or an opt-out, makes of an effect."""
        return self.db.write_now(ledger.move, effect_id, to=to, at=self.now_us)

    def ask(
        self,
        ready: Ready,
        *,
        status: str = "approved",
        by: str | None = "olga",
        outcome: str | None = None,
        rules: list[str] | None = None,
    ) -> str:
        """Put the question about a call to people, and have it answered."""
        fired = [f.rule for f in ready.decided.verdict.fired]
        question = Question(
            id=new_id("apr"),
            decision_id=ready.person.decision_id,
            journey_id=self.journey_of(ready.person),
            customer_id=ready.person.id,
            call_digest=ready.decided.digest,
            outcome=outcome or ready.decided.verdict.outcome.value,
            requested_by="agent:shopping",
            requested_at=self.now_us,
            due_at=self.now_us + DAY_US,
            body={"rules": fired if rules is None else rules},
        )
        self.db.write_now(approvals.ask, self.db.vault, question)
        if status != "pending":
            self.db.write_now(approvals.settle, question.id, status=status, by=by, at=self.now_us)
        return question.id

    # -- looking at what is there ----------------------------------------------------------------

    def counter(self, key: str) -> tuple[int, int, int]:
        """A counter's ceiling, what is held of it and what is spent."""
        query = select(counters.c.ceiling, counters.c.reserved, counters.c.committed)
        row = self.db.read_now(lambda c: c.execute(query.where(counters.c.key == key)).first())
        return (0, 0, 0) if row is None else (row[0], row[1], row[2])

    def rows(self) -> dict[str, int]:
        """How many rows there are of everything that a claim writes."""

        def count(conn: Connection) -> dict[str, int]:
            tables = (effects, reservations, contacts, offers, tickets, wakeups, suppressions)
            return {
                t.name: int(conn.execute(select(func.count()).select_from(t)).scalar_one())
                for t in tables
            }

        return self.db.read_now(count)

    def effect(self, effect_id: str) -> Any:
        """One effect's row."""
        return self.db.read_now(ledger.get, effect_id)


def refused(world: World, ready: Ready, **changes: Any) -> Outcome:
    """The claim is refused, and leaves nothing behind; what the gate asks for instead."""
    before = world.rows(), world.counter(MONTH), world.counter(LAMP)
    with pytest.raises(Refused) as caught:
        world.claim(ready, **changes)
    assert (world.rows(), world.counter(MONTH), world.counter(LAMP)) == before
    return caught.value.decided.verdict.outcome


def denied_for(world: World, ready: Ready) -> set[str]:
    """The rules that say no when it is claimed."""
    with pytest.raises(Refused) as caught:
        world.claim(ready)
    fired = caught.value.decided.verdict.fired
    return {f.rule for f in fired if f.outcome is Outcome.DENY}


def complains(world: World, person: Person) -> None:
    """The person complains, and nobody has answered yet."""
    world.db.write_now(
        complaints.open_one, customer_id=person.id, event_id=f"evt_{person.id}", at=world.now_us
    )
