"""The stuck-work detector: of each kind of work that waits, how old the oldest due item is.

Whatever waits is a row, so nothing that is stuck can hide: each kind is one question that an index
answers. An item is due from the moment at which nothing but a fault of ours, a brake or a machine
that is too busy keeps it from being done; older than its kind's threshold it is stuck. Ages are by
the clock that the kind lives by: business time, or the machine's for what other systems are told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Select, func, select, union_all

from store import brakes
from store.ledger import EffectStatus
from store.schema import approvals, deliveries, effects, events, inbox, wakeups

#: A question of whatever columns.
Asked: TypeAlias = Select[*tuple[Any, ...]]
_SECOND_US: Final = 1_000_000
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work. `due` selects `n` and `at`, the oldest's instant, among what is due by then.

    `threshold_s`: from which age on it is stuck. `todo`: what to look at then.
    """

    name: str
    what: str
    threshold_s: int
    todo: str
    due: Callable[[int], Asked]
    by_machine: bool = False


@dataclass(frozen=True, slots=True)
class Oldest:
    """How one kind stands. Where nothing is due `oldest_at` (microseconds) is None, `age_s` 0."""

    name: str
    what: str
    n: int
    oldest_at: int | None
    age_s: int
    threshold_s: int
    todo: str

    @property
    def stuck(self) -> bool:
        """Whether the oldest has waited longer than this kind should."""
        return self.n > 0 and self.age_s > self.threshold_s

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "kind": self.name,
            "what": self.what,
            "due": self.n,
            "oldest_at": self.oldest_at,
            "oldest_due_seconds": self.age_s,
            "threshold_seconds": self.threshold_s,
            "stuck": self.stuck,
            "what_to_do": self.todo if self.stuck else None,
        }


def _inbox(now_us: int) -> Asked:
    return select(func.count().label("n"), func.min(inbox.c.received_at).label("at")).where(
        inbox.c.status == "accepted"
    )


def _events(now_us: int) -> Asked:
    return select(func.count().label("n"), func.min(events.c.received_at).label("at")).where(
        events.c.state == "waiting"
    )


def _wakeups(now_us: int) -> Asked:
    """Those the timekeeper should have released, and those whose lanes should have taken them."""
    columns = (func.count().label("n"), func.min(wakeups.c.due_at).label("at"))
    parts = union_all(
        select(*columns).where(wakeups.c.state == "pending", wakeups.c.due_at <= now_us),
        select(*columns).where(wakeups.c.state == "due"),
    ).subquery()
    return select(func.sum(parts.c.n).label("n"), func.min(parts.c.at).label("at"))


def _claims(now_us: int) -> Asked:
    return select(func.count().label("n"), func.min(effects.c.claimed_at).label("at")).where(
        effects.c.status == EffectStatus.CLAIMED.value
    )


def _scheduled(now_us: int) -> Asked:
    return select(func.count().label("n"), func.min(effects.c.not_before).label("at")).where(
        effects.c.status == EffectStatus.SCHEDULED.value, effects.c.not_before <= now_us
    )


def _approvals(now_us: int) -> Asked:
    return select(func.count().label("n"), func.min(approvals.c.due_at).label("at")).where(
        approvals.c.status == "pending", approvals.c.due_at <= now_us
    )


def _deliveries(now_us: int) -> Asked:
    return select(func.count().label("n"), func.min(deliveries.c.made_at).label("at")).where(
        deliveries.c.state == "waiting", deliveries.c.due_at <= now_us
    )


_LANES = "look for lane_failed and lane_given_up in the log; lanes given up are tried again"
#: A kind more is one entry here.
KINDS: Final[Sequence[Kind]] = (
    Kind(
        "inbox",
        "messages that are accepted and not yet given to anybody",
        _MINUTE,
        "look for resolver_waits in the log, and whether the disk is full or the machine too busy",
        _inbox,
    ),
    Kind("events", "events that wait in somebody's lane", 5 * _MINUTE, _LANES, _events),
    Kind("wake_ups", "moments that have come and are not acted on", 2 * _MINUTE, _LANES, _wakeups),
    Kind(
        "claims",
        "messages in a channel's hands, without an answer yet",
        5 * _MINUTE,
        "look whether the channel answers (usher channels check); a start of the server settles "
        "what nobody is handing over any more",
        _claims,
    ),
    Kind(
        "scheduled",
        "queued messages whose time has come",
        10 * _MINUTE,
        "look whether a brake is pulled, whether their wake-up is a dead letter, and in the log",
        _scheduled,
    ),
    Kind(
        "approvals",
        "questions that should have lapsed",
        5 * _MINUTE,
        "look for timekeeper_failed in the log, and for dead letters of approval_lapse",
        _approvals,
    ),
    Kind(
        "deliveries",
        "things that another system has not been told",
        15 * _MINUTE,
        "look at the systems' page which one does not answer, and mend its address or secret",
        _deliveries,
        by_machine=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How all work stands, and how many brakes are pulled, which hold work back on purpose."""

    kinds: tuple[Oldest, ...]
    brakes: int

    @property
    def stuck(self) -> tuple[Oldest, ...]:
        """The kinds that are stuck."""
        return tuple(kind for kind in self.kinds if kind.stuck)


def standing(conn: Connection, *, now_us: int, machine_us: int) -> Standing:
    """How old the oldest due item of every kind is, by business time and by the machine's."""
    return Standing(
        tuple(_oldest(conn, kind, machine_us if kind.by_machine else now_us) for kind in KINDS),
        len(brakes.in_force(conn)),
    )


def _oldest(conn: Connection, kind: Kind, now_us: int) -> Oldest:
    row = conn.execute(kind.due(now_us)).one()
    age = 0 if row.at is None else max(0, now_us - int(row.at)) // _SECOND_US
    return Oldest(
        kind.name,
        kind.what,
        int(row.n or 0),
        None if row.at is None else int(row.at),
        age,
        kind.threshold_s,
        kind.todo,
    )
