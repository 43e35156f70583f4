"""The peer of `decision`: langchain's `create_agent` on the same task, with its SQLite saver."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver


@tool
def get_profile(customer: str) -> dict[str, Any]:
    """Segment and consents of a customer."""
    return {"segment": "new", "orders": 0, "consent": {"email": "granted"}}


@tool
def get_inventory(cart: str) -> dict[str, Any]:
    """Stock of a cart's articles."""
    return {"all_in_stock": True}


@tool
def get_margin(cart: str) -> dict[str, Any]:
    """Margin of a cart."""
    return {"worst_bp": 5_000}


@tool
def send_email(customer: str, message: str) -> dict[str, Any]:
    """Send a message."""
    return {"status": "sent"}


class Scripted(BaseChatModel):
    """Answers without a network: looks, sends, says so."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        """The tools are known already."""
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **kwargs: Any) -> ChatResult:
        answered = [m for m in messages if isinstance(m, ToolMessage)]
        if not answered:
            names = (("get_profile", "customer"), ("get_inventory", "cart"), ("get_margin", "cart"))
            calls = [{"name": n, "args": {a: "x"}, "id": f"c-{n}"} for n, a in names]
            answer = AIMessage("", tool_calls=calls)
        elif answered[-1].name != "send_email":
            args = {"customer": "x", "message": "cart_reminder"}
            call = {"name": "send_email", "args": args, "id": "c-send"}
            answer = AIMessage("", tool_calls=[call])
        else:
            answer = AIMessage("A reminder went out.")
        return ChatResult(generations=[ChatGeneration(message=answer)])


async def measure(*, decisions: int, at_once: int) -> dict[str, Any]:
    """CPU milliseconds and bytes a decision."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncSqliteSaver.from_conn_string(str(Path(folder) / "saver.db")) as saver:
            agent: Any = create_agent(
                Scripted(),
                [get_profile, get_inventory, get_margin, send_email],
                system_prompt="Recover the cart.",
                checkpointer=saver,
            )
            places = asyncio.Semaphore(at_once)

            async def one(n: int) -> None:
                async with places:
                    await agent.ainvoke(
                        {"messages": [("user", f"cart_abandoned by u{n}: 1 x Lamp, 120.00 EUR")]},
                        {"configurable": {"thread_id": f"t{n}"}},
                    )

            await one(-1)
            begun = time.process_time()
            await asyncio.gather(*(one(n) for n in range(decisions)))
            cpu = time.process_time() - begun
        written = sum(path.stat().st_size for path in Path(folder).iterdir())
    return {
        "name": "create_agent + AsyncSqliteSaver",
        "cpu_ms": round(cpu * 1_000 / decisions, 2),
        "database_bytes": written // decisions,
    }
