"""What a running deployment consists of, handed down to whatever needs it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agent.first_use import FirstUses
from agent.lane_unit import Ground
from agent.planning import Planner
from agent.recall import Recall
from agent.telemetry import Telemetry
from prompts.library import Library
from store.clock import Clock
from store.database import Database
from tools.channels.routing import Router
from tools.packs import PackShelf


class Board(Protocol):
    """Where those who wait for an event's decision are told."""

    def announce(self, event_id: str, decision_id: str | None) -> None:
        """This event has left `running`; `decision_id` None where it was only recorded."""


@dataclass(slots=True)
class Environment:
    """What a lane works with. `library` and `ground` are replaced when a document goes live."""

    db: Database
    clock: Clock
    library: Library
    ground: Ground
    shelf: PackShelf
    planners: Mapping[str, Planner]
    router: Router
    recall: Recall
    board: Board
    telemetry: Telemetry
    first_uses: FirstUses
    pack_name: str
    sender: Mapping[str, str]
    public_url: str | None
    settle_seconds: float
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)
    monotonic: Callable[[], float] = field(default=time.monotonic)
