"""The scripted model as a second process, for as long as a suite needs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).parents[1]


@contextmanager
def scripted_model() -> Iterator[str]:
    """The base URL of a running scripted model. Raises `RuntimeError` where it does not start."""
    command = [sys.executable, "-u", "-m", "evals.scripted_model"]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            if not line.startswith("model: http://"):
                raise RuntimeError(f"the scripted model did not start: {line or 'it said nothing'}")
            yield line.removeprefix("model: ")
        finally:
            process.kill()
