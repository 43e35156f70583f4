"""How well arrivals are matched: linking, merging by arrival, strangers among many, households.

Each answers counts and shares only. What is generated is made of FEBRL's own fields and says so.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import comb
from random import Random
from statistics import quantiles
from typing import Any

from customers.comparable import Comparable
from customers.match_pool import MatchPool
from customers.matching import Weights
from evals.data.febrl import Record

Figures = dict[str, Any]


def link(
    weights: Weights,
    known: Sequence[Record],
    arrivals: Sequence[Record],
    *,
    strangers: Sequence[Comparable] = (),
) -> Figures:
    """Arrivals against a population that stays as it is; `strangers` stand in it beside `known`.

    Right is a merge with the record of the same person; an arrival of nobody known has none.
    """
    pool = filled(weights, strangers)
    for record in known:
        pool.add(record.id, record.comparable())
    person_of = {record.id: record.person for record in known}
    there = {record.person for record in known}
    kinds: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    right = linked = 0
    for record in arrivals:
        answer = pool.decide(record.comparable())
        kinds[answer.kind] += 1
        kept[str(answer.because)] += answer.kind == "link"
        same = person_of.get(answer.id or "") == record.person
        right += answer.kind == "merge" and same
        linked += answer.kind == "link" and same
    could = sum(record.person in there for record in arrivals)
    return {
        "population": len(pool),
        "arrivals": len(arrivals),
        "of_somebody_known": could,
        **shares(right, kinds["merge"], could),
        "merged": kinds["merge"],
        "wrong": kinds["merge"] - right,
        "soft_links": dict(sorted((+kept).items())),
        "soft_links_right": linked,
        "f1_if_links_were_merges": shares(right + linked, kinds.total() - kinds["nobody"], could)[
            "f1"
        ],
        "blocks_skipped": pool.blocks_skipped,
        "prior_match": round(pool.prior_match, 4),
    }


def dedupe(weights: Weights, records: Sequence[Record]) -> Figures:
    """One by one in the file's order; a merge joins the cluster, all else opens one. Pairwise."""
    pool = MatchPool(weights)
    cluster_of: dict[str, str] = {}
    for record in records:
        comparable = record.comparable()
        answer = pool.decide(comparable)
        cluster = answer.id if answer.kind == "merge" and answer.id else record.id
        cluster_of[record.id] = cluster
        pool.add(cluster, comparable)
    person_of = {record.id: record.person for record in records}
    true = sum(comb(n, 2) for n in Counter(person_of.values()).values())
    said = sum(comb(n, 2) for n in Counter(cluster_of.values()).values())
    both = Counter((person_of[id], cluster) for id, cluster in cluster_of.items())
    right = sum(comb(n, 2) for n in both.values())
    return {
        "records": len(records),
        "people": len(set(person_of.values())),
        "clusters": len(set(cluster_of.values())),
        "true_pairs": true,
        **shares(right, said, true),
        "wrong_pairs": said - right,
    }


def household(
    weights: Weights, known: Sequence[Record], *, arrivals: int, seed: int, twins: bool = False
) -> Figures:
    """Generated relatives arrive: one's surname and address, another's given name and, unless
    they are `twins`, birth date."""
    pool = MatchPool(weights)
    for record in known:
        pool.add(record.id, record.comparable())
    chance, made, merged, linked = Random(seed), 0, 0, 0
    for _ in range(arrivals):
        one, other = (record.comparable() for record in chance.sample(list(known), 2))
        if one.given_name == other.given_name or one.birth_date == other.birth_date:
            continue
        made += 1
        born = one.birth_date if twins else other.birth_date
        answer = pool.decide(replace(one, given_name=other.given_name, birth_date=born))
        merged += answer.kind == "merge"
        linked += answer.kind == "link"
    return {"generated_arrivals": made, "wrongly_merged": merged, "soft_links": linked}


def latency(pool: MatchPool, arrivals: Sequence[Comparable]) -> Figures:
    """Milliseconds a decision: of wall time, and of this thread's CPU, which others do not slow."""
    times: list[float] = []
    spent: list[float] = []
    for arrival in arrivals:
        begun, cpu = time.perf_counter_ns(), time.thread_time_ns()
        pool.decide(arrival)
        spent.append((time.thread_time_ns() - cpu) / 1e6)
        times.append((time.perf_counter_ns() - begun) / 1e6)
    cuts, own = quantiles(times, n=100), quantiles(spent, n=100)
    return {
        "population": len(pool),
        "events": len(times),
        "p50_ms": round(cuts[49], 3),
        "p99_ms": round(cuts[98], 3),
        "max_ms": round(max(times), 3),
        "p99_cpu_ms": round(own[98], 3),
        "blocks_skipped": pool.blocks_skipped,
    }


def filled(weights: Weights, strangers: Sequence[Comparable]) -> MatchPool:
    """A pool of strangers, each a profile of its own."""
    pool = MatchPool(weights)
    for n, stranger in enumerate(strangers):
        pool.add(f"generated-{n}", stranger)
    return pool


def generated(records: Sequence[Record], n: int, *, seed: int) -> list[Comparable]:
    """Strangers, each field from another record: as frequent as there, and nobody in particular."""
    return list(_generated([record.comparable() for record in records], n, Random(seed)))


def _generated(source: Sequence[Comparable], n: int, chance: Random) -> Iterator[Comparable]:
    for _ in range(n):
        given, surname, born, home, place, code = chance.choices(source, k=6)
        yield Comparable(
            given_name=given.given_name,
            surname=surname.surname,
            birth_date=born.birth_date,
            street=home.street,
            suburb=place.suburb,
            postcode=code.postcode,
            region=place.region,
            country=place.country,
        )


def shares(right: int, said: int, true: int) -> Figures:
    """Precision, recall and their harmonic mean."""
    precision, recall = right / said if said else 1.0, right / true if true else 1.0
    f1 = 2 * right / (said + true) if said + true else 1.0
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}
