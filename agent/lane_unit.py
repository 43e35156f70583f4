"""What the units that work on one lane share: the connection, the customer, the epoch, the instant.

Whoever builds one has taken hold of the lane in the same unit, so whatever is appended through it
is refused when stale (P4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from agent import telling_out
from prompts.agents import AgentFile
from store import journal, lanes
from store.sealing import Vault


@dataclass(frozen=True, slots=True)
class Ground:
    """What a lane stands on besides the database: agents by goal, and fresh ids."""

    agents: Mapping[str, AgentFile]
    fresh_id: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class LaneUnit:
    """One unit of work on one customer's lane, under its epoch."""

    conn: Connection
    vault: Vault
    ground: Ground
    customer_id: str
    epoch: int
    now_us: int

    @classmethod
    def hold(
        cls,
        conn: Connection,
        vault: Vault,
        ground: Ground,
        *,
        customer_id: str,
        epoch: int,
        now_us: int,
    ) -> LaneUnit:
        """Take hold of the lane for this unit; `StaleEpoch` where somebody has taken it since."""
        lanes.hold(conn, customer_id, epoch)
        return cls(conn, vault, ground, customer_id, epoch, now_us)

    @classmethod
    def beside(
        cls, conn: Connection, vault: Vault, ground: Ground, *, customer_id: str, now_us: int
    ) -> LaneUnit:
        """A unit of a person's own, under the newest epoch, beside whoever works the lane."""
        epoch = lanes.join(conn, customer_id)
        return cls(conn, vault, ground, customer_id, epoch, now_us)

    def append(self, decision_id: str, kind: str, body: dict[str, Any]) -> None:
        """Add one entry to a decision of this customer."""
        self.append_all(decision_id, [(kind, body)])

    def append_all(self, decision_id: str, bodies: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Add entries, (kind, body) in order; whoever has subscribed is told of them."""
        if bodies:
            head = journal.append_all(
                self.conn,
                self.vault,
                customer_id=self.customer_id,
                decision_id=decision_id,
                bodies=bodies,
                at=self.now_us,
                epoch=self.epoch,
            )
            telling_out.tell(
                self.conn,
                self.vault,
                customer_id=self.customer_id,
                decision_id=decision_id,
                bodies=bodies,
                head=head,
                now_us=self.now_us,
            )
