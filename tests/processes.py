"""Other processes of a test: real ones, that run a program of the test's own on our code."""

from __future__ import annotations

import subprocess
import sys

from tests.source import ROOT


def start(program: str, *args: object) -> subprocess.Popen[str]:
    """Run a program. Its arguments are in `sys.argv[1:]`; what it prints is read line by line."""
    return subprocess.Popen(
        [sys.executable, "-u", "-c", program, *map(str, args)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """What it printed; it must have ended well."""
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said
