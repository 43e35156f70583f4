"""`usher bench`: every measurement by name, told on the terminal and as JSON."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

from rich.console import Console

from evals.benches import decision, gate, identity, lifetime, memory, resolving

BENCHES: dict[str, ModuleType] = {
    module.NAME: module for module in (gate, decision, identity, lifetime, memory, resolving)
}


class UnknownBench(LookupError):
    """There is no measurement of this name."""


def measure(name: str | None, out: Console) -> dict[str, Any]:
    """Run one measurement, or all. Raises `UnknownBench`."""
    if name is not None and name not in BENCHES:
        raise UnknownBench(f"there is no measurement '{name}'; there are: {', '.join(BENCHES)}")
    results: dict[str, Any] = {}
    for known, module in BENCHES.items():
        if name in (None, known):
            with out.status(f"{known}: {module.WHAT}"):
                results[known] = module.run()
            out.print(f"{known}: {module.WHAT}", markup=False, highlight=False, soft_wrap=True)
            out.print_json(json.dumps(results[known]))
    return results
