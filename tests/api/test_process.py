"""The server as it is run: Segment's client reaches it, it ends when told, it says why it stays."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from segment.analytics import Client as SegmentClient

from tests.api.broken_files import BROKEN, is_place, write
from tests.api.processes import Served, environment, refused, serving
from tests.api.service import PRODUCTS, trigger
from tests.source import ROOT


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("process") / "data") as server:
        yield server


def timeline(served: Served, user_id: str) -> list[dict[str, Any]]:
    with served.client() as client:
        page = client.get(f"/v1/customers/{user_id}/timeline").raise_for_status().json()
    return [item for item in page["items"] if item["kind"] == "event"]


def send_everything(segment: SegmentClient, user_id: str) -> None:
    segment.identify(user_id, {"email": f"{user_id}@example.com", "first_name": "Ada"})
    segment.track(user_id, "Product Viewed", {"sku": "SKU-1"})
    segment.page(user_id, "Shop", "Lamps", {"url": "https://shop.example/lamps"})
    segment.screen(user_id, "App", "Lamps")
    segment.group(user_id, "g-1", {"name": "Analytical Engines"})
    segment.alias(f"anonymous-{user_id}", user_id)


@pytest.mark.parametrize("way", ["at once", "in batches", "in packed batches"])
def test_segments_own_client_works_unchanged(served: Served, way: str) -> None:
    user_id = "segment-" + way.replace(" ", "-")
    failed: list[Exception] = []
    segment = SegmentClient(
        write_key=served.key,
        host=served.url,
        sync_mode=way == "at once",
        gzip=way == "in packed batches",
        on_error=lambda error, _: failed.append(error),
        timeout=60,
    )
    send_everything(segment, user_id)
    if way != "at once":
        segment.flush()
        segment.join()
    assert failed == []
    arrived = timeline(served, user_id)
    kinds = ["alias", "group", "identify", "page", "screen", "track"]
    assert sorted(item["type"] for item in arrived) == kinds
    with served.client() as client:
        person = client.get(f"/v1/customers/{user_id}").json()
        assert client.get(f"/v1/customers/anonymous-{user_id}").json()["id"] == person["id"]
    assert person["traits"]["first_name"] == "Ada"


def test_a_segment_client_with_a_wrong_key_hears_so(served: Served) -> None:
    segment = SegmentClient(write_key="nope", host=served.url, sync_mode=True, max_retries=1)
    with pytest.raises(Exception, match="401"):
        segment.track("ada", "Product Viewed")


def test_a_body_of_ten_megabytes_is_refused_and_the_sender_learns_why(served: Served) -> None:
    """The sender is still sending when it is clear that this is too much."""
    at = urlsplit(served.url)
    headers = {"authorization": f"Bearer {served.key}", "content-type": "application/json"}
    for body in (b"x" * 10_485_760, iter([b"x" * 1_048_576] * 10)):
        conn = http.client.HTTPConnection(str(at.hostname), at.port, timeout=60)
        conn.request("POST", "/v1/track", body, headers, encode_chunked=not isinstance(body, bytes))
        answer = conn.getresponse()
        assert answer.status == 413
        assert b"1,048,576" in answer.read()
        conn.close()


def test_a_second_server_on_the_folder_is_refused(served: Served) -> None:
    said = refused(served.folder)
    assert f"process {served.process.pid} already works on" in said
    assert "--data" in said
    assert len(said.splitlines()) == 1
    with served.client() as client:
        assert client.get("/v1/clock").status_code == 200


def test_other_commands_talk_to_the_running_server(served: Served) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli", "keys", "add", "cdp", "--role", "ingest"]
        + ["--data", str(served.folder)],
        cwd=ROOT,
        env=environment(HTTP_PROXY="http://127.0.0.1:9", ALL_PROXY="http://127.0.0.1:9"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    key = done.stdout.split()[-1]
    with served.client() as client:
        sent = client.post(
            "/v1/track",
            json={"userId": "u", "event": "E"},
            headers={"authorization": f"Bearer {key}"},
        )
        assert sent.status_code == 200


def test_it_ends_when_told_and_goes_on_where_it_was_with_what_works(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with serving(folder) as first:
        with first.client() as client:
            client.post("/v1/track", json={"userId": "ada", "event": "E"}).raise_for_status()
            key = first.key
            os.kill(first.process.pid, signal.SIGTERM)
            assert first.process.wait(20) == 0, first.said
        assert "Traceback" not in first.said
    assert not (folder / "server.json").exists()
    write(folder, BROKEN)
    with serving(folder) as second:
        assert second.key == key
        assert [item["event"] for item in timeline(second, "ada")] == ["E"]
        with second.client() as client:
            told = client.get("/v1/policies").json()
        assert [(item["name"], item["version"]) for item in told["items"]] == [
            *((name, 1) for name in ("commerce", "finance", "organisation", "travel"))
        ]
        for file in BROKEN:
            assert any(is_place(problem, file) for problem in told["problems"]), file
        os.kill(second.process.pid, signal.SIGINT)
        assert second.process.wait(20) == 0, second.said
        assert "Traceback" not in second.said


def test_it_ends_soon_also_while_somebody_waits_for_a_decision(tmp_path: Path) -> None:
    """A contact waits for its settling time; whoever waits for it does not hold the server up."""
    with serving(tmp_path / "data", USHER_SETTLE="60") as served:
        at = urlsplit(served.url)
        conn = http.client.HTTPConnection(str(at.hostname), at.port, timeout=60)
        headers = {"authorization": f"Bearer {served.key}"}
        with served.client() as client:
            client.put("/v1/products", json=PRODUCTS).raise_for_status()
            agreed = {"channel": "email", "purpose": "marketing", "source": "form"}
            who = {"userId": "ada", "traits": {"email": "ada@example.com", "timezone": "Etc/UTC"}}
            client.post("/v1/identify", json=who).raise_for_status()
            client.post(
                "/v1/track",
                json={"userId": "ada", "event": "Consent Granted", "properties": agreed},
            ).raise_for_status()
            client.get("/v1/customers/ada").raise_for_status()
        body = json.dumps(trigger("ada"))
        conn.request("POST", "/v1/triggers?wait=60", body, headers)
        assert served.terminate() == 0, served.said
        assert "Traceback" not in served.said
        conn.close()


def test_a_broken_file_at_the_first_start_is_named_with_line_and_column(tmp_path: Path) -> None:
    write(tmp_path / "data", BROKEN)
    said = refused(tmp_path / "data").removeprefix("usher: ").splitlines()
    for file in BROKEN:
        assert any(is_place(line, file) for line in said), (file, said)


def test_a_setting_that_cannot_be_meant_is_named(tmp_path: Path) -> None:
    said = refused(tmp_path / "data", USHER_CLOCK="yesterday")
    assert said.startswith("usher: setting clock: ")
    assert len(said.splitlines()) == 1
