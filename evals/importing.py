"""Importing over HTTP: rows go through the same door as live events, with a progress bar."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from customers.import_rows import Reading
from customers.importing import ImportProgress, ImportReport, import_file
from store.imports import ImportState


class HttpSink:
    """Sends messages, catalogue rows and suppressions; a refused batch is sent row by row."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def accept(self, messages: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
        """Take Segment messages."""
        response = await self._client.post("/v1/batch", json={"batch": list(messages)})
        if response.is_success:
            return {}
        if response.status_code not in (400, 413, 422) or len(messages) == 1:
            return {str(messages[0]["messageId"]): _said(response)}
        refused: dict[str, str] = {}
        for message in messages:
            refused |= await self.accept([message])
        return refused

    async def put_products(self, products: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
        """Take catalogue rows."""
        response = await self._client.put("/v1/products", json=list(products))
        if response.is_success:
            return {}
        if response.status_code not in (400, 413, 422) or len(products) == 1:
            return {str(products[0]["sku"]): _said(response)}
        refused: dict[str, str] = {}
        for product in products:
            refused |= await self.put_products([product])
        return refused

    async def suppress(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
        """Take entries of a suppression list; the server answers for each."""
        entries = [row["entry"] for row in rows]
        response = await self._client.post("/v1/suppressions", json={"entries": entries})
        response.raise_for_status()
        results = response.json()["results"]
        return {
            str(row["row"]): str(result["why"])
            for row, result in zip(rows, results, strict=True)
            if result["outcome"] == "refused"
        }


class HttpBook:
    """Keeps the place with the server."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def begin(self, import_id: str) -> ImportState:
        """Where this import stands; begun if it is new."""
        response = await self._client.post(f"/v1/imports/{import_id}")
        response.raise_for_status()
        return ImportState(**response.json())

    async def advance(
        self, import_id: str, rows_done: int, rejects: Sequence[tuple[int, str]]
    ) -> None:
        """The first `rows_done` rows are dealt with."""
        place = {"rows_done": rows_done, "rejects": [list(r) for r in rejects]}
        (await self._client.put(f"/v1/imports/{import_id}", json=place)).raise_for_status()

    async def finish(self, import_id: str) -> None:
        """All rows are dealt with."""
        place = {"rows_done": 0, "finished": True}
        (await self._client.put(f"/v1/imports/{import_id}", json=place)).raise_for_status()


async def import_over_http(
    file: Path, client: httpx.AsyncClient, reading: Reading, out: Console
) -> int:
    """Import a file and tell what was done; the exit code."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=out) as bar:
        rows = bar.add_task("importing", total=None)

        def told(progress: ImportProgress) -> None:
            bar.update(rows, completed=progress.rows_done, total=progress.lines)

        report = await import_file(
            file, sink=HttpSink(client), book=HttpBook(client), reading=reading, progress=told
        )
        bar.update(rows, completed=report.rows, total=report.rows)
        await resolved(client, bar)
    _tell(report, out)
    return 0


async def resolved(client: httpx.AsyncClient, bar: Progress) -> None:
    """Wait until everything accepted has become part of a profile."""
    task, total = None, 0
    while True:
        response = await client.get("/v1/inbox")
        response.raise_for_status()
        waiting = int(response.json()["waiting"])
        if waiting and task is None:
            task, total = bar.add_task("becoming profiles", total=waiting), waiting
        if task is not None:
            total = max(total, waiting)
            bar.update(task, total=total, completed=total - waiting)
        if not waiting:
            return
        await asyncio.sleep(0.2)


async def rebuild_memory(client: httpx.AsyncClient, out: Console) -> None:
    """Have the memory index written anew, and follow it with a progress bar."""
    (await client.post("/v1/memory/rebuild")).raise_for_status()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=out) as bar:
        task = bar.add_task("memories", total=None)
        while True:
            response = await client.get("/v1/memory")
            response.raise_for_status()
            now = response.json()["rebuild"]
            bar.update(task, completed=now["done"], total=now["total"])
            if now["state"] != "running":
                break
            await asyncio.sleep(0.1)
    out.print(f"{now['done']} of {now['total']} memories have vectors: {now['state']}",
              highlight=False)  # fmt: skip


def _tell(report: ImportReport, out: Console) -> None:
    done = report.rows - report.rows_before
    out.print(f"{report.kind.value}: {done:,} rows in this run, {report.accepted:,} taken, "
              f"{report.rows_bad:,} set aside in all", highlight=False)  # fmt: skip
    if report.rows_before:
        out.print(f"{report.rows_before:,} rows had been dealt with before", highlight=False)
    for line, reason in report.rejects:
        out.print(f"  line {line}: {reason}", markup=False, highlight=False)


def _said(response: httpx.Response) -> str:
    if response.status_code >= 500 or response.status_code in (401, 403):
        response.raise_for_status()
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError):
        return f"refused with status {response.status_code}"
