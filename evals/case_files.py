"""Case files: a small world, what happens in it, where it must end. One file, one case.

A file that expects nothing is refused: an empty criterion passes everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from prompts.durations import Duration, microseconds

SHIPPED = Path(__file__).parent / "cases"
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Kind = Literal[
    "happy", "hard", "soft", "injection", "cross_customer", "race", "approval", "interrupted"
]
Bad = Literal["do_nothing", "send_always"]


class BadCase(ValueError):
    """A case file that cannot be run; the message names the file and what is wrong."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Between(_Strict):
    """A number, or a range from `[low, high]`."""

    low: int
    high: int

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, int):
            return {"low": value, "high": value}
        if isinstance(value, list) and len(value) == 2:
            return {"low": value[0], "high": value[1]}
        return value

    def holds(self, number: int) -> bool:
        """Whether the number lies in it."""
        return self.low <= number <= self.high

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low} to {self.high}"


class PastOrder(_Strict):
    """An order of before the case."""

    days_ago: Annotated[int, Field(ge=1)]
    total_minor: Annotated[int, Field(ge=0)]
    code: bool = False


class Somebody(_Strict):
    """A person. Consents: `granted`, `revoked` or `absent`."""

    language: Literal["en", "de"] = "en"
    zone: str = "Europe/Berlin"
    email: Literal["granted", "revoked", "absent"] = "granted"
    sms: Literal["granted", "revoked", "absent"] = "absent"
    phone: bool = False
    orders: tuple[PastOrder, ...] = ()


class Thing(_Strict):
    """An article. The margin is of the net price, before any discount."""

    name: str
    price_minor: Annotated[int, Field(gt=0)]
    margin_bp: Annotated[int, Field(ge=0, le=10_000)] = 5_000
    stock: Annotated[int, Field(ge=0)] = 100


class CartOf(_Strict):
    """A cart: whose, and what lies in it. `extra` goes into the context as a shop might send it."""

    person: Key
    items: dict[Key, Annotated[int, Field(ge=1)]] = Field(min_length=1)
    extra: dict[str, Any] = Field(default_factory=dict)


class Occurred(_Strict):
    """An event with a person's name on it."""

    person: Key
    name: str
    properties: dict[str, Any] = Field(default_factory=dict)


class Answered(_Strict):
    """The newest question of a cart's person is answered; `again`: once more, to be refused."""

    cart: Key
    decision: Literal["approve", "reject", "respond"] = "approve"
    again: bool = False


class Step(_Strict):
    """One thing that happens, so long after the case began."""

    after: Literal["P0D"] | Duration
    abandon: Key | None = None
    trigger: Key | None = None
    event: Occurred | None = None
    stop: Key | None = None
    stock: dict[Key, int] | None = None
    answer: Answered | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        said = self.model_fields_set - {"after"}
        if len(said) != 1:
            raise ValueError(f"a step does one thing, not {len(said)}")
        return self

    @property
    def after_us(self) -> int:
        """How long after the case began, in microseconds."""
        return 0 if self.after == "P0D" else microseconds(self.after)


class Expect(_Strict):
    """Where it must end for one person. What is not named is not graded; something must be.

    `within`: every letter goes out so long after the beginning, from and to. `given_reason`: an
    exception was made with a reason. `discount_bp`: of every code that was not taken back.
    """

    letters: Between | None = None
    email: Between | None = None
    sms: Between | None = None
    codes: Between | None = None
    discount_bp: Between | None = None
    questions: dict[str, Between] | None = None
    reached: Between | None = None
    tickets: Between | None = None
    given_reason: bool | None = None
    within: tuple[Duration, Duration] | None = None

    @model_validator(mode="after")
    def _something(self) -> Expect:
        if not self.model_fields_set:
            raise ValueError("it expects nothing, so everything would pass")
        return self


class Golden(_Strict):
    """One call of a run that does it right."""

    send: Literal["email", "sms"] | None = None
    offer: int | None = None
    hold: str | None = None
    wait: int | None = None
    nothing: str | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _one_call(self) -> Golden:
        if len(self.model_fields_set - {"reason"}) != 1:
            raise ValueError("a gold call is one of send, offer, hold, wait, nothing")
        return self


class Case(_Strict):
    """One case. `gold`: by cart, the calls of each decision. `fails`: bad agents that must fail it.

    `guards`: rules without which it must fail for an agent that sends always.
    """

    name: Key
    title: str
    kind: Kind
    people: dict[Key, Somebody] = Field(min_length=1)
    articles: dict[Key, Thing] = Field(min_length=1)
    carts: dict[Key, CartOf] = Field(min_length=1)
    steps: tuple[Step, ...] = Field(min_length=1)
    expect: dict[Key, Expect] = Field(min_length=1)
    forbidden: tuple[str, ...] = ()
    fails: tuple[Bad, ...] = ()
    guards: tuple[str, ...] = ()
    gold: dict[Key, tuple[tuple[Golden, ...], ...]]

    @field_validator("steps")
    @classmethod
    def _in_order(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        if list(steps) != sorted(steps, key=lambda step: step.after_us):
            raise ValueError("steps stand in the order in which they happen")
        return steps

    @model_validator(mode="after")
    def _names(self) -> Case:
        carts = {s.abandon or s.trigger or "" for s in self.steps} - {""} | {*self.gold}
        carts |= {s.answer.cart for s in self.steps if s.answer is not None}
        people = {cart.person for cart in self.carts.values()} | {*self.expect}
        people |= {s.event.person for s in self.steps if s.event is not None}
        people |= {s.stop for s in self.steps if s.stop is not None}
        things = {item for cart in self.carts.values() for item in cart.items}
        things |= {item for s in self.steps for item in s.stock or ()}
        for named, known, what in (
            (carts, {*self.carts}, "cart"),
            (people, {*self.people}, "person"),
            (things, {*self.articles}, "article"),
        ):
            unknown = sorted(named - known)
            if unknown:
                raise ValueError(f"there is no {what} '{unknown[0]}' in it")
        if not self.fails and not self.guards:
            raise ValueError(
                "no bad agent fails it and no rule guards it: it would measure nothing"
            )
        return self

    def user(self, person: str) -> str:
        """The user id of one of its people."""
        return f"{self.name}-{person}"

    def cart_id(self, cart: str) -> str:
        """The id of one of its carts."""
        return f"{self.name}-{cart}"


def read_cases(folder: Path = SHIPPED) -> tuple[Case, ...]:
    """Every case of a folder, by name. Raises `BadCase`."""
    cases = [_read(path) for path in sorted(folder.glob("*.yaml"))]
    if not cases:
        raise BadCase(f"{folder}: there are no cases")
    return tuple(cases)


def digest_of(folder: Path = SHIPPED) -> str:
    """A sha256 over every case file's name and text."""
    return _digest((path.name, path.read_bytes()) for path in sorted(folder.glob("*.yaml")))


def _digest(parts: Iterable[tuple[str, bytes]]) -> str:
    total = hashlib.sha256()
    for name, body in parts:
        for part in (name.encode(), body):
            total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


def _read(path: Path) -> Case:
    try:
        told = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise BadCase(f"{path}: cannot be read: {error}") from error
    try:
        case = Case.model_validate(told)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()
        )
        raise BadCase(f"{path}: {said}") from None
    if case.name != path.stem:
        raise BadCase(f"{path}: the case is called '{case.name}', its file '{path.stem}'")
    return case
