"""Standard error holds our words, classes and places: nothing made of values (P5)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from agent.fault_place import place_of
from tests.source import ROOT

SECRET = "ada@example.com"
PROGRAMS = {
    "library": "import logging; logging.getLogger('lib').error('no %s', SECRET)",
    "exception": """
import logging
try:
    raise ValueError(SECRET)
except ValueError:
    logging.getLogger('lib').exception('failed for ' + SECRET)
""",
    "warning": "import warnings; warnings.warn('value ' + SECRET)",
    "thread": """
import threading
def work(): raise ValueError(SECRET)
t = threading.Thread(target=work); t.start(); t.join()
""",
    "task": """
import asyncio, gc
async def fail(): raise ValueError(SECRET)
async def main():
    task = asyncio.create_task(fail()); await asyncio.sleep(0); await asyncio.sleep(0)
    del task; gc.collect()
asyncio.run(main())
""",
    "destructor": """
class Broken:
    def __del__(self): raise ValueError(SECRET)
Broken()
""",
    "ours": "import structlog; structlog.get_logger('usher').error('failed', error='ValueError')",
    "end": "raise ValueError(SECRET)",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_p5_no_value_reaches_standard_error(name: str) -> None:
    begin = (
        "from api import standard_error\n"
        "standard_error.only_our_words(); standard_error.no_tracebacks()\n"
        f"SECRET = {SECRET!r}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", begin + PROGRAMS[name]], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == (1 if name == "end" else 0)
    assert SECRET not in done.stderr + done.stdout
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(lines) == 1
    if name not in ("library", "warning"):
        assert lines[0]["error"] == "ValueError"


def test_a_fault_is_placed_at_the_innermost_line_of_ours() -> None:
    from api.reading import read_json

    with pytest.raises(Exception, match="not JSON") as caught:
        read_json(b"{")
    where = place_of(caught.value)
    assert where is not None
    assert where.startswith("api.reading:")
