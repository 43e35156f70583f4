"""What comes in from outside, validated at the border: Segment's messages, triggers, products."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from customers.zones import known_zone

Text = Annotated[str, Field(min_length=1, max_length=1_000)]
#: Scripts send an empty text where they know nobody; it names nobody and is no error by itself.
Id = Annotated[str, Field(max_length=1_000)] | int
#: A text that any database can hold and any line of a file can show.
Line = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")]
Minor = Annotated[int, Field(ge=0, le=10**12, strict=True)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
TYPES = ("track", "identify", "alias", "page", "screen", "group")


class Message(BaseModel):
    """One message of Segment's HTTP API. Fields we do not read are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: Literal["track", "identify", "alias", "page", "screen", "group"]
    messageId: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    userId: Id | None = None
    anonymousId: Id | None = None
    previousId: Id | None = None
    groupId: Id | None = None
    event: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    name: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    timestamp: AwareDatetime | None = None
    originalTimestamp: AwareDatetime | None = None
    sentAt: AwareDatetime | None = None

    @model_validator(mode="after")
    def _whole(self) -> Message:
        if self.type == "track" and not self.event:
            raise ValueError("a track message needs 'event', the name of what happened")
        if self.type == "alias" and self.previousId is None:
            raise ValueError("an alias message needs 'previousId'")
        if self.type == "group" and self.groupId is None:
            raise ValueError("a group message needs 'groupId'")
        return self

    @property
    def occurred_at(self) -> datetime | None:
        """When it happened, by its own account."""
        return self.timestamp or self.originalTimestamp


class CustomerReference(BaseModel):
    """Any identifier of a person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    userId: Text | int | None = None
    anonymousId: Text | int | None = None
    email: Text | None = None
    phone: Text | None = None

    @model_validator(mode="after")
    def _somebody(self) -> CustomerReference:
        if not any((self.userId, self.anonymousId, self.email, self.phone)):
            raise ValueError("say who: userId, anonymousId, email or phone")
        return self


class TriggerRequest(BaseModel):
    """Start (or continue) a goal for somebody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    goal: Annotated[str, Field(min_length=1, max_length=64)]
    customer: CustomerReference
    context: dict[str, Any] = Field(default_factory=dict)
    idempotencyKey: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @field_validator("context")
    @classmethod
    def _known_zone(cls, context: dict[str, Any]) -> dict[str, Any]:
        zone = context.get("timezone")
        if zone is not None and known_zone(zone) is None:
            raise ValueError("context.timezone is not the name of an IANA time zone")
        return context


class ProductIn(BaseModel):
    """One article as the shop knows it. Money in minor units of `currency`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sku: Annotated[Line, Field(max_length=200)]
    name: Annotated[Line, Field(max_length=300)]
    price_minor: Minor | None = None
    cost_minor: Minor | None = None
    currency: Currency
    stock: Minor | None = None
    tax_bp: Annotated[int, Field(ge=0, le=10_000, strict=True)] = 0
    category: Annotated[Line, Field(max_length=200)] | None = None


class Suppress(BaseModel):
    """Stop contact."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Literal["all", "purpose", "address"]
    channel: Literal["email", "sms"] | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _names_its_channel(self) -> Suppress:
        if self.scope == "address" and self.channel is None:
            raise ValueError("scope 'address' needs the 'channel'")
        if self.scope == "all" and self.channel is not None:
            raise ValueError("scope 'all' is every channel; leave 'channel' out or use 'address'")
        return self


class Answer(BaseModel):
    """A person's answer to an approval. `args` for an edit; `assign` says whose it is instead of
    answering: a principal's by name, or with null everybody's again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision: Literal["approve", "edit", "reject", "respond", "assign"]
    args: dict[str, Any] | None = None
    assignee: Annotated[Line, Field(max_length=200)] | None = None
    reason: Annotated[str, Field(max_length=500)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Answer:
        if self.decision == "edit" and self.args is None:
            raise ValueError("an edit needs 'args', the changed arguments")
        if self.decision in ("reject", "respond") and not self.reason:
            raise ValueError(f"to {self.decision} needs a 'reason'")
        if (self.decision == "assign") != ("assignee" in self.model_fields_set):
            raise ValueError("'assign' needs 'assignee', a name or null, and nothing else has one")
        return self


class BatchAnswer(BaseModel):
    """One answer to many questions of the outcome `review`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ids: Annotated[list[Annotated[Line, Field(max_length=64)]], Field(min_length=1, max_length=200)]
    decision: Literal["approve", "reject"]
    reason: Annotated[str, Field(max_length=500)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> BatchAnswer:
        if self.decision == "reject" and not self.reason:
            raise ValueError("to reject needs a 'reason'")
        if len(set(self.ids)) != len(self.ids):
            raise ValueError("'ids' names a question twice")
        return self
