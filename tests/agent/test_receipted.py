"""Receipts take effect: any order of the same ones ends in the same standing, none counts twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from agent.accepting import Incoming, accept
from agent.handover import settle
from agent.lane_unit import Ground
from agent.receiving import message_of
from agent.resolver import resolve_rows
from customers import erasure, merge, receipts, split
from store import lanes, ledger
from store.database import Database
from store.ledger import EffectStatus
from store.schema import contacts, memories, suppressions
from store.schema import receipts as receipts_table
from tests.customers.people import DAY, NOW, Town, identify
from tests.databases import Place
from tools.channels.channel import SendResult, SendStatus
from tools.channels.receipts.receipt import Receipt

SOURCE = f"{receipts.SOURCE}mail"
_people = count(1)


class Post:
    """One person to whom one mail has gone, and what is reported of it."""

    def __init__(self, town: Town, status: EffectStatus = EffectStatus.CLAIMED) -> None:
        self.town, number = town, next(_people)
        self.email = f"person{number}@example.com"
        self.user = f"user{number}"
        self.who = town.who(identify(self.user, email=self.email))
        self.journey = town.journey(self.who, subject=self.user)
        self.decision = town.decision(self.who, self.journey, status="completed")
        self.effect = town.contact(
            self.who, journey_id=self.journey, decision_id=self.decision, status=status
        )
        self.waiting = town.contact(self.who)

    def lost(self) -> Post:
        """Nobody knows whether it was handed over."""
        self.town.run(ledger.hand_over_by, self.effect, epoch=1, via="mail")
        assert self.town.run(ledger.move, self.effect, to=EffectStatus.UNKNOWN, at=NOW)
        return self

    def receipt(self, kind: str, n: int = 0, *, at: int = NOW, **more: Any) -> Receipt:
        stated = {"effect_id": self.effect, "address": self.email, **more}
        return Receipt(
            provider="mail",
            provider_event_id=f"{self.user}-{kind}-{n}-{more.get('permanent')}",
            provider_message_id=None,
            channel="email",
            kind=kind,
            at_us=at,
            **stated,
        )

    def hear(self, heard: Sequence[Receipt], *, source: str = SOURCE) -> None:
        town = self.town
        for each in heard:
            incoming = Incoming(
                event_id=town.fresh_id("evt"),
                kind="track",
                message_id=each.provider_event_id,
                body=message_of("mail", each, now_us=NOW + DAY),
            )
            (taken,) = town.run(accept, town.vault, source, [incoming], now_us=NOW + DAY)
            fresh = town.vault.reserve(1)
            town.run(resolve_rows, town.vault, [taken.seq], fresh=fresh, now_us=NOW + DAY)
            town.vault.give_back(fresh)

    def standing(self) -> dict[str, Any]:
        """All that follows of what was reported, without ids and instants."""
        rows, mine = self.town.rows, self.who
        person = self.town.profile(mine)
        return {
            "effect": self.town.status(self.effect),
            "queued": self.town.status(self.waiting),
            "caps": sorted(
                rows(select(contacts.c.state).where(contacts.c.effect_id == self.effect))
            ),
            "stopped": sorted(
                (r.scope, str(r.channel))
                for r in rows(select(suppressions).where(suppressions.c.customer_id == mine))
            ),
            "reported": sorted(
                (r.kind, r.machine)
                for r in rows(select(receipts_table).where(receipts_table.c.customer_id == mine))
            ),
            "remembered": sorted(
                r.kind for r in rows(select(memories.c.kind).where(memories.c.customer_id == mine))
            ),
            "answers": {c: hours for c, hours in person.engaged.items()},
        }


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Any:
    database: Database = Place(tmp_path_factory.mktemp("receipts") / "data").open()
    yield Town(database)
    database.close()


SECOND = 1_000_000
ONE = st.tuples(
    st.sampled_from(
        ["accepted", "delivered", "opened", "clicked", "deferred", "dropped"]
        + ["complained", "unsubscribed", "bounced", "soft", "machine"]
    ),
    st.integers(0, 4),
)


def made(post: Post, said: Sequence[tuple[str, int]]) -> list[Receipt]:
    found = []
    for kind, n in said:
        at = NOW + n * SECOND
        if kind == "soft":
            found.append(post.receipt("bounced", n, at=at, permanent=False))
        elif kind == "machine":
            found.append(post.receipt("opened", 10 + n, at=at, machine=True))
        else:
            found.append(post.receipt(kind, n, at=at, permanent=kind == "bounced"))
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ONE, min_size=1, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_any_order_of_the_same_receipts_and_any_repeat_ends_in_the_same_standing(
    town: Town, said: list[tuple[str, int]], chance: Any
) -> None:
    one, other = Post(town).lost(), Post(town).lost()
    one.hear(made(one, said))
    again = made(other, said) + made(other, said)[: chance.randint(0, len(said))]
    chance.shuffle(again)
    other.hear(again)
    assert one.standing() == other.standing()


@pytest.mark.parametrize(
    ("kinds", "becomes", "counts"),
    [
        (["delivered"], "sent", "committed"),
        (["bounced"], "sent", "committed"),
        (["dropped"], "failed", "released"),
        (["dropped", "delivered"], "sent", "committed"),
        (["delivered", "dropped"], "sent", "committed"),
    ],
)
def test_p3_what_nobody_knew_is_known_by_what_the_channel_reports(
    town: Town, kinds: list[str], becomes: str, counts: str
) -> None:
    post = Post(town).lost()
    post.hear([post.receipt(kind) for kind in kinds])
    assert post.standing()["effect"] == becomes
    assert [tuple(r) for r in post.standing()["caps"]] == [(counts,)]
    assert ("send" in post.standing()["remembered"]) == (becomes == "sent")


def test_p3_what_is_still_being_handed_over_is_left_to_whoever_does(town: Town) -> None:
    post = Post(town)
    post.hear([post.receipt("delivered")])
    assert town.status(post.effect) == "claimed"
    shown = town.db.read_now(receipts.shown, post.effect)
    assert shown is EffectStatus.SENT, "so that a crash of the hand-over ends there too"


def test_p3_an_answer_that_was_lost_ends_as_the_receipt_before_it_tells(town: Town) -> None:
    for kind, becomes in (("delivered", "sent"), ("dropped", "failed")):
        post = Post(town)
        epoch = town.run(lanes.take, post.who)
        town.run(ledger.reclaim, post.effect, epoch=epoch, claim_until=NOW + DAY)
        town.run(ledger.hand_over_by, post.effect, epoch=epoch, via="mail")
        post.hear([post.receipt(kind)])
        town.run(
            settle,
            town.vault,
            Ground(agents={}, fresh_id=town.fresh_id),
            customer_id=post.who,
            effect_id=post.effect,
            epoch=epoch,
            now_us=NOW + DAY,
            result=SendResult(SendStatus.UNKNOWN, None, "no answer"),
        )
        assert town.status(post.effect) == becomes


def test_p3_what_is_reported_holds_on_both_databases(any_database: Database) -> None:
    both = Town(any_database)
    post = Post(both).lost()
    for _ in range(2):
        post.hear([post.receipt("delivered"), post.receipt("bounced", permanent=True)])
        post.hear([post.receipt("clicked", at=NOW + SECOND)])
    assert post.standing() == {
        "effect": "sent",
        "queued": "cancelled",
        "caps": [("committed",)],
        "stopped": [("address", "email")],
        "reported": [("bounced", 0), ("clicked", 1), ("delivered", 0)],
        "remembered": ["send"],
        "answers": {},
    }


def test_p3_an_opt_out_by_receipt_cancels_what_is_queued_in_the_same_unit(town: Town) -> None:
    for kind, more in (("complained", {}), ("unsubscribed", {}), ("bounced", {"permanent": True})):
        post = Post(town)
        post.hear([post.receipt(kind, **more)])
        assert town.status(post.waiting) == "cancelled", kind


def test_p11_an_effects_id_counts_from_our_own_sources_only(town: Town) -> None:
    victim, stranger = Post(town), Post(town)
    forged = victim.receipt("unsubscribed", address=None)
    before = victim.standing()
    stranger.hear([forged], source="prn_public")
    assert victim.standing() == before


def test_a_bounce_of_an_old_address_closes_that_one(town: Town) -> None:
    post = Post(town)
    town.who(identify(post.user, email=f"new.{post.email}"), at=NOW + 1, now=NOW + 1)
    post.hear([post.receipt("bounced", permanent=True)])
    assert town.status(post.waiting) == "scheduled", "what goes to the new address goes on"


def test_p10_receipts_go_with_their_person(town: Town) -> None:
    post = Post(town)
    post.hear([post.receipt("delivered")])
    everyone = town.run(erasure.prepare, post.who, now_us=NOW + DAY)
    town.vault.destroy(everyone)
    gone = town.run(erasure.delete_rows, everyone, erasure_id="era_r", by="ops", now_us=NOW, keys=1)
    assert gone["rows_deleted"]["receipts"] == 1
    post.hear([post.receipt("opened")])
    assert town.rows(select(receipts_table).where(receipts_table.c.customer_id == post.who)) == []


def test_two_who_are_one_and_two_again_have_each_their_own_receipts(town: Town) -> None:
    stays, leaves = Post(town), Post(town)
    leaves.hear([leaves.receipt("delivered")])
    merge_id = town.run(
        merge.merge, town.vault, into=stays.who, absorbed=leaves.who, now_us=NOW + 1
    )

    def of(post: Post) -> list[str]:
        mine = receipts_table.c.customer_id == post.who
        query = select(receipts_table.c.kind).where(mine).order_by(receipts_table.c.kind)
        return [row.kind for row in town.rows(query)]

    assert (of(stays), of(leaves)) == (["delivered"], [])
    stays.hear([leaves.receipt("opened"), stays.receipt("opened")])
    assert of(stays) == ["delivered", "opened", "opened"]
    town.run(
        split.split, town.vault, merge_id=merge_id, by="ann", reason="two people", now_us=NOW + DAY
    )
    assert (of(stays), of(leaves)) == (["opened"], ["delivered", "opened"])
    assert town.profile(stays.who).engaged and town.profile(leaves.who).engaged


def test_p5_nothing_personal_is_kept_in_the_clear(town: Town) -> None:
    post = Post(town)
    post.hear([post.receipt("opened")])
    (row,) = town.rows(select(receipts_table).where(receipts_table.c.customer_id == post.who))
    assert post.user not in repr(row) and "person" not in repr(row)
