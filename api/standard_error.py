"""What a server writes on standard error: our words, classes and places, nothing sent to it (P5).

Messages of libraries, warnings and exceptions are made of the values at hand, so none is written:
whoever looks into a fault gets its class and the line of ours in which it came up.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import structlog

from agent.fault_place import place_of


def only_our_words() -> None:
    """Let what we and libraries log be JSON lines on standard error, without values."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *names: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ClassAndPlace())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.captureWarnings(True)


def no_tracebacks() -> None:
    """Let this process end, and its threads, without writing what an exception says."""
    sys.excepthook = _ended
    threading.excepthook = lambda args: _told("thread_failed", args.exc_value, args.exc_type)
    sys.unraisablehook = lambda args: _told("unraisable", args.exc_value, args.exc_type)


class ClassAndPlace(logging.Formatter):
    """A record of a library as a JSON line: who, how bad, which class of error, where."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, Any] = {
            "event": "library_message",
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "from": f"{record.module}:{record.lineno}",
        }
        fault = record.exc_info[1] if record.exc_info else None
        if fault is not None:
            line |= {"error": type(fault).__name__, "at": place_of(fault)}
        return json.dumps(line)


def _ended(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, fault, trace)
        return
    _told("process_failed", fault, kind)


def _told(event: str, fault: BaseException | None, kind: type[BaseException] | None) -> None:
    log = structlog.get_logger("usher")
    name = type(fault).__name__ if fault is not None else getattr(kind, "__name__", "unknown")
    log.error(event, error=name, at=None if fault is None else place_of(fault))
