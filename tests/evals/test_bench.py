"""The measurements run and say what they measured; how fast is asked by hand, never here."""

from __future__ import annotations

import pytest
from rich.console import Console

from evals.bench import BENCHES, UnknownBench, measure
from evals.benches import gate


def test_an_unknown_measurement_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownBench, match="'speed'; there are: gate, decision"):
        measure("speed", Console(quiet=True))


def test_the_gate_is_measured_on_a_call_that_it_allows() -> None:
    measured = gate.run(rounds=200, proved=12)
    assert measured["outcome"] == "allow"
    assert measured["rules"] >= 30
    assert measured["contact_us"]["p50"] > 0
    assert measured["shadow_replay_decisions_s"] > 0
    assert measured["journal_entries_opened_s"] > 0
    assert measured["policy_check"]["rules"] == 12 and measured["policy_check"]["finished"]


def test_every_measurement_says_what_it_is() -> None:
    for name, module in BENCHES.items():
        assert name == module.NAME
        assert module.WHAT
