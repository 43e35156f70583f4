"""The doctor: looks at a deployment from outside, says what is configured and what leaves it.

It changes nothing, sends nothing to anybody, and needs no running server. A check is one function
that is given what there is to look at and says lines; `check` registers it under its name. A check
that breaks is itself a line that failed, so that one trouble never hides another. No line holds a
secret, or anything of a customer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from agent.settings import Settings
from store.looking import looking, revision, revisions

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Line:
    """What was found. `todo`: what to do about it; `leaves`: the host to which something goes."""

    state: State
    said: str
    todo: str | None = None
    leaves: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to look at. `server`: where the folder's server listens, if one runs.

    `conn` reads the database; None where there is none, it cannot be reached (`unreachable` says
    why), or its schema is not this version's (`schema`).
    """

    settings: Settings
    server: str | None
    conn: Connection | None
    schema: str | None
    unreachable: str | None
    now_us: int
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


Check = Callable[[Look], Iterator[Line]]
_CHECKS: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Registers a check; they are asked in the order in which they are registered."""

    def register(asked: Check) -> Check:
        _CHECKS[name] = asked
        return asked

    return register


def forget(name: str) -> None:
    """Take a check out again."""
    del _CHECKS[name]


@dataclass(frozen=True, slots=True)
class Report:
    """Every line under the name of its check."""

    lines: tuple[tuple[str, Line], ...]

    @property
    def worst(self) -> State:
        """`fail` where anything failed, else `warn` where anything is to be looked at."""
        states = {line.state for _, line in self.lines}
        return "fail" if "fail" in states else "warn" if "warn" in states else "ok"

    @property
    def leaves(self) -> list[str]:
        """The hosts outside this machine to which something goes, each once."""
        return sorted({line.leaves for _, line in self.lines if line.leaves is not None})

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "worst": self.worst,
            "leaves_this_machine": self.leaves,
            "lines": [{"check": name, **asdict(line)} for name, line in self.lines],
        }


def examine(settings: Settings, *, server: str | None) -> Report:
    """Ask every check there is."""
    # Each registers its checks when it is loaded; they need what stands above.
    from agent import doctor_machine, doctor_outward, doctor_work  # noqa: F401

    now_us = time.time_ns() // 1_000
    try:
        with looking(settings.data, settings.database_url) as conn:
            schema = None if conn is None else revision(conn)
            usable = conn if schema == revisions()[-1] else None
            return _ask(Look(settings, server, usable, schema, None, now_us))
    except SQLAlchemyError as fault:
        why = " ".join(str(getattr(fault, "orig", None) or type(fault).__name__).split())[:200]
        return _ask(Look(settings, server, None, None, why, now_us))


def _ask(look: Look) -> Report:
    lines: list[tuple[str, Line]] = []
    for name, asked in _CHECKS.items():
        try:
            with nullcontext() if look.conn is None else look.conn.begin_nested():
                lines.extend([(name, line) for line in asked(look)])
        except Exception as fault:
            # Whatever it is, the other checks are still to be asked; the class says enough.
            broken = f"this could not be looked at: {type(fault).__name__}"
            lines.append((name, Line("fail", broken, "mend what other lines say, and ask again")))
    return Report(tuple(lines))
