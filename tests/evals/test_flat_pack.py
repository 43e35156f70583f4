"""A pack in two texts and the same in one answer alike."""

from __future__ import annotations

import pytest

from evals.flat_pack import flat, flat_commerce
from policies.pack import load_pack
from tests.policies.packs import shipped


def test_in_one_text_the_pack_has_the_same_rules_with_the_same_words() -> None:
    one, two = load_pack(flat_commerce(), file="commerce.yaml"), shipped("commerce")
    told = [{(r.id, r.kind, r.on, r.because, r.condition) for r in p.rules} for p in (one, two)]
    assert told[0] == told[1]
    assert (one.params, one.budgets and one.budgets[0].limit_minor) == (
        two.params,
        two.budgets and two.budgets[0].limit_minor,
    )
    assert all(one.needs(kind) == two.needs(kind) for kind in ("contact", "offer", "ticket"))


def test_more_than_two_texts_are_not_put_together() -> None:
    texts = {
        "a": "policy: a\nversion: 1\nextends: b\n",
        "b": "policy: b\nversion: 1\nextends: c\n",
        "c": "policy: c\nversion: 1\n",
    }
    with pytest.raises(ValueError, match="a is made of more than two texts"):
        flat("a", texts)
    assert flat("c", texts) == texts["c"]
