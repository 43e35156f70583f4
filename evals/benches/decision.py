"""`decision`: accept, resolve, decide, claim, hand over and journal one cart; a peer beside it.

The peer is langchain's `create_agent` with its SQLite saver on the same task (look, send, say so),
with trivial tools and a scripted model in the process. It does less: no inbox, no gate, no ledger,
no message. Both are measured in process CPU, so that ratios hold on a busy machine.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agent.assembly import open_runs
from agent.messages import Message, ProductIn, TriggerRequest
from agent.runs import Runs
from agent.settings import Settings
from evals.worlds.shop import START

NAME = "decision"
WHAT = "a durable, governed decision, 32 in flight; CPU ms each, and the peer's CPU over ours"
AT_ONCE = 32
_DECISIONS = 200


def run() -> dict[str, Any]:
    """CPU milliseconds and bytes a decision; the peer's where it is installed."""
    ours = asyncio.run(_ours())
    if find_spec("langchain") is None or find_spec("langgraph.checkpoint.sqlite") is None:
        return {**ours, "peer": "not installed: make install-dev"}
    from evals.benches.peer import measure

    peer = asyncio.run(measure(decisions=_DECISIONS, at_once=AT_ONCE))
    return {**ours, "peer": peer, "peer_cpu_over_ours": round(peer["cpu_ms"] / ours["cpu_ms"], 2)}


async def _ours() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        runs = open_runs(Settings(data=Path(folder) / "data", clock=START, settle=0, lanes=200))
        await runs.start()
        try:
            await _people(runs)
            before, begun = _bytes(folder), time.process_time()
            places = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(_one(runs, n, places) for n in range(_DECISIONS)))
            cpu = time.process_time() - begun
            written = _bytes(folder) - before
        finally:
            await runs.stop()
    return {
        "decisions": _DECISIONS,
        "at_once": AT_ONCE,
        "cpu_ms": round(cpu * 1_000 / _DECISIONS, 2),
        "database_bytes": written // _DECISIONS,
    }


async def _people(runs: Runs) -> None:
    lamp = ProductIn(
        sku="SKU-1", name="Lamp", price_minor=12_000, cost_minor=6_000, currency="EUR", stock=10**6
    )
    await runs.put_products([lamp])
    messages = []
    for n in range(_DECISIONS):
        who = {"userId": f"u{n}"}
        traits = {"email": f"u{n}@example.com", "timezone": "Etc/UTC"}
        agreed = {"channel": "email", "purpose": "marketing", "source": "bench"}
        messages.append(Message.model_validate({"type": "identify", **who, "traits": traits}))
        messages.append(
            Message.model_validate(
                {"type": "track", "event": "Consent Granted", **who, "properties": agreed}
            )
        )
    await runs.accept("bench", messages)
    await runs.idle()


async def _one(runs: Runs, n: int, places: asyncio.Semaphore) -> None:
    item = {"sku": "SKU-1", "quantity": 1, "price_minor": 12_000}
    cart = {"id": f"c{n}", "value_minor": 12_000, "currency": "EUR", "items": [item]}
    request = TriggerRequest.model_validate(
        {"goal": "recover_cart", "customer": {"userId": f"u{n}"}, "context": {"cart": cart}}
    )
    async with places:
        done = await runs.trigger("bench", request, wait=120)
    if done.decision is None or done.decision["status"] != "completed":
        raise RuntimeError("a decision of the benchmark did not complete")


def _bytes(folder: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).rglob("usher.db*"))
