"""Taking rules out of a pack leaves the rest as it was, and a pack that loads."""

from __future__ import annotations

import pytest

from evals.flat_pack import flat_commerce
from evals.ungoverned import without
from policies.pack import load_pack

SHIPPED = flat_commerce()


@pytest.mark.parametrize(
    "rules",
    [["no_consent"], ["weekly"], ["weekly", "daily_channel"], ["quiet_hours"], ["discount_tier"],
     ["footer", "code_lately"], ["prefer_email", "many_tickets", "code_lately"]],
)  # fmt: skip
def test_what_is_left_loads_as_the_next_version(rules: list[str]) -> None:
    text = without(rules)
    pack = load_pack(text, file="commerce.yaml")
    assert pack.version == load_pack(SHIPPED, file="commerce.yaml").version + 1
    left = set(text.splitlines()) - set(SHIPPED.splitlines())
    assert left == {f"version: {pack.version}"}
    assert not [rule for rule in rules if f"id: {rule}\n" in text or f"id: {rule}," in text]


def test_a_rule_that_is_not_there_cannot_be_taken_out() -> None:
    with pytest.raises(LookupError, match="no rule no_such"):
        without(["no_such", "weekly"])
