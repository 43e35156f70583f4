"""The measurement of lifetime values says the published figures beside ours."""

from __future__ import annotations

from typing import Any

import pytest

from evals.benches import lifetime


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return lifetime.run()


def test_every_parameter_stands_beside_the_published_one_and_is_near_it(
    measured: dict[str, Any],
) -> None:
    assert (measured["people"], measured["bought_again"]) == (2_357, 946)
    pairs = {**measured["purchases"], **measured["spend"]}
    assert set(pairs) == {"r", "alpha", "a", "b", "log_likelihood", "p", "q", "v"}
    for name, pair in pairs.items():
        assert pair["ours"] == pytest.approx(pair["published"], rel=2e-3), name
        assert pair["ours"] != pair["published"]  # ours is estimated, not written down


def test_what_was_expected_stands_beside_what_came(measured: dict[str, Any]) -> None:
    ahead = measured["purchases_in_39_weeks"]
    assert ahead["made"] == 1_882
    assert ahead["expected"] == pytest.approx(ahead["made"], rel=0.15)
