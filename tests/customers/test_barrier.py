"""The read barrier: erased, merged and suppressed people are out of reach."""

from __future__ import annotations

from customers import erasure
from customers.barrier import barrier
from tests.customers.people import NOW, Town, identify, track


def barred(town: Town, customer_id: str, purpose: str = "marketing") -> str | None:
    return town.db.read_now(barrier, town.vault, customer_id, purpose=purpose, now_us=NOW)


def test_p5_somebody_known_may_be_looked_at(any_town: Town) -> None:
    assert barred(any_town, any_town.who(identify("ada"))) is None


def test_p5_the_erased_are_out_of_reach_from_the_first_step_on(any_town: Town) -> None:
    ada = any_town.who(identify("ada"))
    any_town.run(erasure.prepare, ada, now_us=NOW)
    assert barred(any_town, ada, "service") == "erased"


def test_p5_an_unsubscribed_person_is_out_of_reach_for_marketing_only(any_town: Town) -> None:
    ada = any_town.who(track("Unsubscribed", "ada"))
    assert barred(any_town, ada) == "suppressed"
    assert barred(any_town, ada, "service") is None


def test_p5_under_an_absorbed_id_nobody_is_looked_at(any_town: Town) -> None:
    device = any_town.who(track("Unsubscribed", anonymous="device-1"))
    ada = any_town.who(identify("ada"))
    survivor = any_town.who(identify("ada", anonymous="device-1"))
    absorbed = ada if survivor == device else device
    assert barred(any_town, absorbed, "service") == "merged"
    assert barred(any_town, survivor) == "suppressed"
