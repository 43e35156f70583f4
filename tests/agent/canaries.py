"""A person every field of whom holds a word of its own, and where such words could come out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import OperationalError

from agent.embedder import HashingEmbedder
from agent.vectors import MemoryVectors
from store.database import Database
from tests.api.service import Api
from tools.instants import HOUR_US

P = ParamSpec("P")
R = TypeVar("R")

FIELDS = (
    ["user", "device", "tablet", "mail", "first", "last", "street", "house", "city", "locale"]
    + ["trait", "value", "deep", "listed", "key", "event", "property", "said", "file", "cart"]
    + ["title", "sku", "order", "product", "coupon", "complaint", "reply", "consent", "form"]
    + ["stopped", "leased", "context", "feeling"]
)
#: What a model is told of somebody who may be looked at: their words, and what happened to them.
TOLD = ("event", "property", "said", "complaint", "reply")
#: What no prompt says of anybody: who and where they are, and what people wrote about them.
NEVER = [
    "user",
    "device",
    "tablet",
    "mail",
    "first",
    "last",
    "street",
    "house",
    "city",
    "consent",
] + ["form", "stopped", "leased"]


class Person:
    """Somebody made up; `word` is what a field of theirs holds, and nothing else does."""

    def __init__(self, name: str) -> None:
        self._name = name
        number = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10**7
        self.phone = f"+49151{number:07d}"

    def word(self, field: str) -> str:
        """Letters only, so that nothing blots them out for their shape."""
        assert field in FIELDS
        digest = hashlib.sha256(f"{self._name} {field}".encode()).digest()
        return "".join(chr(ord("a") + byte % 26) for byte in digest[:14])

    @property
    def user(self) -> str:
        return self.word("user")

    @property
    def email(self) -> str:
        return f"{self.word('mail')}@example.com"

    @property
    def traits(self) -> dict[str, Any]:
        """One of each kind; the language stays English, so that a message can be written."""
        w = self.word
        return {
            "email": self.email,
            "phone": self.phone,
            "firstName": w("first").title(),
            "lastName": w("last").title(),
            "address": {"street": w("street"), "line2": w("house"), "city": w("city")},
            "locale": f"en-{w('locale')}",
            "sentiment": w("feeling"),
            "timezone": "Etc/UTC",
            w("trait"): w("value"),
            "nested": {"in": {"it": w("deep")}, "list": [w("listed")], w("key"): 1},
        }

    @property
    def cart(self) -> dict[str, Any]:
        item = {"sku": "SKU-1", "quantity": 1, "price_minor": 12_000, "name": self.word("title")}
        return {
            "cart": {
                "id": self.word("cart"),
                "value_minor": 12_000,
                "currency": "EUR",
                "items": [item, {"sku": self.word("sku"), "quantity": 1}],
            },
            "note": self.word("context"),
        }

    def found_in(self, text: str) -> list[str]:
        """The fields of which a text holds something."""
        low = text.lower()
        found = [field for field in FIELDS if self.word(field) in low]
        return found + ["phone"] * (self.phone[1:] in text)

    async def live(self, api: Api) -> None:
        """Say everything there is to say of a person, each thing once."""
        w = self.word
        who = {"userId": self.user, "anonymousId": w("device")}
        await api.ok("POST", "/v1/identify", {**who, "traits": self.traits})
        for channel in ("email", "sms"):
            agreed = {
                "channel": channel,
                "purpose": "marketing",
                "source": w("consent"),
                "form": w("form"),
                "evidence": f"{w('file')}.pdf",
            }
            await self.track(api, "Consent Granted", **agreed)
        # Long ago, so that the cart is worth recovering.
        order = {
            "order_id": w("order"),
            "total": "20.00",
            "currency": "EUR",
            "coupon": w("coupon"),
            "products": [{"sku": w("product"), "name": w("product")}],
        }
        await self.track(api, "Order Completed", **order)
        await self.track(api, "Message Replied", text=f"I like {w('reply')}", channel="email")
        await self.track(api, "Complaint Received", text=f"about {w('complaint')}")
        await self.track(api, "Complaint Closed")
        await api.runs.idle()
        await api.runs.env.recall.index()

    async def ask(self, api: Api, key: str, **who: str) -> dict[str, Any]:
        """Events that nobody foresaw, and a trigger; what came of it."""
        w = self.word
        named = who or {"userId": self.user}
        body = {
            "goal": "recover_cart",
            "customer": named,
            "context": self.cart,
            "idempotencyKey": f"{key}-{w('user')}",
        }
        answer: dict[str, Any] = await api.ok("POST", "/v1/triggers?wait=30", body)
        said = {w("property"): 1, "remark": w("said"), "file": f"{w('file')}.pdf"}
        message = {**named, "event": f"Saw {w('event')}", "properties": said}
        await api.ok("POST", "/v1/track", message)
        await api.runs.advance(by_us=HOUR_US)
        return answer

    async def track(self, api: Api, event: str, **properties: Any) -> None:
        body = {"userId": self.user, "event": event, "properties": properties}
        await api.ok("POST", "/v1/track", body)

    def questions(self) -> list[str]:
        """What an operator may write in the chat: of the grammar, and in free words."""
        names = [self.user, self.email, self.phone, self.word("device")]
        return [
            *(f"why for {name}" for name in names),
            *(f"what happened to {name}" for name in names),
            *(f"tell me, what on earth moved you with {name} last time?" for name in names),
            f"is {self.user}'s cart worth it? ask ({self.email}), please",
        ]

    def malformed(self) -> list[tuple[str, str, Any]]:
        """Requests that are refused, with everything in the wrong place."""
        w = self.word
        who = {"userId": self.user, "traits": self.traits}
        place = f"/v1/customers/{self.user}"
        return [
            ("GET", f"/v1/{w('city')}?q={w('last')}", None),
            ("PATCH", f"/v1/customers/{self.email}", None),
            ("GET", f"{place}-{w('mail')}", None),
            ("GET", f"{place}/timeline?cursor={w('event')}!", None),
            ("GET", f"/v1/decisions?status={w('event')}", None),
            ("POST", "/v1/track", f'{{"{w("trait")}": {w("value")}'.encode()),
            ("POST", "/v1/track", {**who, "event": "E", "timestamp": w("said")}),
            ("POST", "/v1/track", {**who, "event": {w("key"): w("deep")}}),
            ("POST", "/v1/track", {**who, "event": "E", "properties": w("property")}),
            ("POST", "/v1/identify", {"traits": {"lastName": w("last"), w("trait"): w("value")}}),
            ("POST", "/v1/batch", {"batch": [{"type": w("event"), **who}]}),
            ("POST", "/v1/triggers", {"goal": w("context"), "customer": who, **self.cart}),
            ("POST", "/v1/triggers", {"goal": "recover_cart", "customer": {w("key"): w("user")}}),
            ("POST", f"{place}/suppress", {"scope": w("form"), "reason": w("stopped")}),
            ("POST", f"{place}/lease", {"for": w("listed"), "reason": w("leased")}),
            ("POST", f"/v1/imports/{w('file')}!", None),
            ("POST", "/v1/chat", {"text": w("said"), w("reply"): w("complaint")}),
        ]


class Asked(MemoryVectors):
    """The real vectors, which remember whose they were asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, HashingEmbedder.name)
        self.ids: list[str] = []

    def get(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        self.ids += ids
        return super().get(ids)


class Faulty(Database):
    """The real database, until it is told to fail as drivers do: with the values in the text."""

    says: str | None = None

    async def read(self, unit: Any, *args: Any, **kwargs: Any) -> Any:
        self._fail()
        return await super().read(unit, *args, **kwargs)

    async def write(self, unit: Any, *args: Any, **kwargs: Any) -> Any:
        self._fail()
        return await super().write(unit, *args, **kwargs)

    def _fail(self) -> None:
        if self.says is not None:
            statement = f"INSERT INTO customers VALUES ('{self.says}')"
            raise OperationalError(statement, {"value": self.says}, Exception(self.says))


def everything(person: Person) -> str:
    """All that is theirs, in one text."""
    return json.dumps([person.traits, person.cart, [person.word(f) for f in FIELDS]])
