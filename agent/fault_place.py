"""Where a fault came up, without a word of what it says: that may hold what somebody sent."""

from __future__ import annotations

from types import TracebackType

_OURS = frozenset(
    {"agent", "api", "cli", "console", "customers", "evals", "policies", "prompts", "server"}
    | {"store", "tools"}
)


def place_of(fault: BaseException) -> str | None:
    """`agent.lane:88`: the innermost line of ours that a fault came through."""
    found = None
    trace: TracebackType | None = fault.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in _OURS:
            found = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
