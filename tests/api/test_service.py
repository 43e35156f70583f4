"""The service's own routes: alive, ready, counted, audited."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from store import near_misses
from tests.api.service import PRODUCTS, Api, detail_of


async def test_health_and_readiness_need_no_key(api: Api) -> None:
    for path, status in (("/healthz", "ok"), ("/readyz", "ready")):
        answer = await api.client.get(path, headers={"authorization": ""})
        assert answer.json() == {"status": status}


async def test_whoever_is_stopping_is_alive_and_not_ready(api: Api) -> None:
    await api.runs.resolver.stop()
    detail_of(answer := await api.client.get("/readyz"), 503)
    assert answer.headers["retry-after"] == "1"
    assert (await api.client.get("/healthz")).status_code == 200


async def test_what_is_accepted_and_decided_is_counted(api: Api) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    await api.person("ada")
    await api.decision("ada")
    counted = await api.client.get("/metrics")
    assert counted.headers["content-type"].startswith("text/plain")
    assert 'usher_events_accepted_total{type="identify"} 1.0' in counted.text
    assert 'usher_events_accepted_total{type="trigger"} 1.0' in counted.text


async def test_p6_what_closed_the_gate_is_counted_where_operators_look(api: Api) -> None:
    await api.person("ada")
    await api.decision("ada")
    listed = await api.ok("GET", "/v1/failed-closed")
    assert set(listed) == {"items", "next_cursor"}


async def test_what_came_close_to_a_limit_is_listed_by_day_with_the_rules_words(api: Api) -> None:
    assert await api.ok("GET", "/v1/near-misses") == {"items": [], "next_cursor": None}
    await api.runs.db.write(
        near_misses.count, rule="weekly", action="contact", exactly=False, used_bp=9_500, at=0
    )
    [item] = (await api.ok("GET", "/v1/near-misses"))["items"]
    assert item == {
        "day": "1970-01-01",
        "rule": "weekly",
        "action": "contact",
        "n_close": 1,
        "n_at": 0,
        "closest_bp": 9_500,
        "because": "Nobody gets more than 3 marketing contacts in 7 days",
    }


async def test_p8_the_journal_is_audited_and_a_changed_entry_found(
    api: Api, tmp_path: Path
) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    await api.person("ada")
    await api.decision("ada")
    report = await api.ok("GET", "/v1/audit")
    assert (report["ok"], report["problems"]) == (True, [])
    assert report["entries"] > 0
    with sqlite3.connect(tmp_path / "data" / "usher.db") as conn:
        conn.execute("UPDATE journal SET kind = kind || 'x' WHERE seq = 1")
    conn.close()
    report = await api.ok("GET", "/v1/audit")
    assert report["ok"] is False
    assert "not what was hashed" in str(report["problems"])


async def test_an_imports_place_is_kept_and_never_goes_back(api: Api) -> None:
    path = "/v1/imports/abc"
    begun = {"rows_done": 0, "rows_bad": 0, "finished_at": None}
    assert await api.ok("POST", path) == begun
    await api.ok("PUT", path, {"rows_done": 500, "rejects": [[7, "has no time"]]})
    await api.ok("PUT", path, {"rows_done": 200})
    assert await api.ok("POST", path) == begun | {"rows_done": 500, "rows_bad": 1}
    await api.ok("PUT", path, {"rows_done": 0, "finished": True})
    assert (await api.ok("POST", path))["finished_at"] is not None
    for place in (
        {"rows_done": -1},
        {"rows_done": 2**63},
        {"rows_done": 1, "rejects": [[-1, "x"]]},
    ):
        await api.problem(422, "PUT", path, place)


async def test_a_batch_is_kept_once_each_and_all_or_none(api: Api) -> None:
    seen = {"type": "track", "userId": "ada", "event": "Product Viewed"}
    batch = [{**seen, "messageId": f"m{k % 5}"} for k in range(10)]
    for _ in range(2):
        assert await api.ok("POST", "/v1/batch", {"batch": batch}) == {"success": True}
    timeline = (await api.ok("GET", "/v1/customers/ada/timeline"))["items"]
    assert len(timeline) == 5
    await api.problem(400, "POST", "/v1/batch", {"batch": [*batch, {"type": "track"}]})
    other = await api.key("ingest")
    await api.ok("POST", "/v1/batch", {"batch": batch[:1]}, key=other)
    assert len((await api.ok("GET", "/v1/customers/ada/timeline"))["items"]) == 6


async def test_the_experiment_of_a_goal_is_shown(api: Api) -> None:
    shown = await api.ok("GET", "/v1/experiments/recover_cart")
    assert shown["arms_bp"] == {"agent": 10_000}
    assert shown["running"] is False
    assert "recover_cart" in await api.problem(404, "GET", "/v1/experiments/zebra")
