"""Every file of a data folder, searched for what must not be there; in a process of its own.

A process that opens and closes a SQLite file loses the locks it holds on it, so the server never
reads its own: `search_files` starts a child, hands it the job through its standard input (nobody
sees it among the arguments), and takes places and counts back. Nothing found is told, only where.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from customers.proof import MOST_LISTED, Needle, encodings_in, masked, search_bytes

DATABASE, KEYS = "database files", "key table"
OUTBOX, MEMORY, OTHER = "outbox files", "memory vectors", "other files"
STORES = (DATABASE, KEYS, OUTBOX, MEMORY, OTHER)
IN_NAME = "in its name"
_ROOT = Path(__file__).resolve().parent.parent
#: A file may be moved while others are read: the folder is looked at again, so many times at most.
_LOOKS = 5


class SearchFailed(RuntimeError):
    """The searching process ended before it answered; nothing is proved."""


@dataclass
class Tally:
    """What was searched of one store."""

    files: int = 0
    bytes: int = 0
    found: int = 0


@dataclass
class FilesSearched:
    """What was searched by store, places, and what could not be read."""

    stores: dict[str, Tally] = field(default_factory=lambda: {name: Tally() for name in STORES})
    found: list[dict[str, Any]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


async def search_files(
    folder: Path, needles: Sequence[Needle], *, ids: Sequence[str] = ()
) -> FilesSearched:
    """Search a folder; `ids` are ours, looked for in the key table only. Raises `SearchFailed`."""
    job = {
        "folder": str(folder.resolve()),
        "needles": [
            [n.encoding, base64.b64encode(n.data).decode(), n.any_case, n.alone] for n in needles
        ],
        "ids": list(ids),
    }
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "agent.file_search",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a fault's words may hold a file's name
        env=os.environ | {"PYTHONPATH": path},
    )
    try:
        said, _ = await child.communicate(json.dumps(job).encode())
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise SearchFailed(f"the search of the files ended with code {child.returncode}")
    answer = json.loads(said)
    stores = {name: Tally(**tally) for name, tally in answer.pop("stores").items()}
    return FilesSearched(stores=stores, **answer)


def search(folder: Path, needles: Sequence[Needle], ids: Sequence[str] = ()) -> FilesSearched:
    """Search every file under a folder, its name too. For a process that holds none of them open.

    A link is followed. What is no file (a socket, a pipe) holds nothing and is passed over.
    """
    result = FilesSearched()
    named = [Needle("our id", one.encode(), False) for one in ids]
    done: set[tuple[str, int, int]] = set()
    for _ in range(_LOOKS):
        vanished = False
        for path, place in _entries(folder, result):
            if (key := (str(path), place.st_dev, place.st_ino)) in done:
                continue
            store = store_of(path.relative_to(folder))
            looked_for = [*needles, *named] if store == KEYS else needles
            try:
                _search_one(path, folder, place, store, looked_for, result)
            except FileNotFoundError:
                vanished = True
                continue
            except OSError as error:
                result.unread.append(f"{_shown(path, folder, needles)}: {error.strerror}")
            done.add(key)
        if not vanished:
            return result
    result.unread.append("files kept moving while they were searched; run it again")
    return result


def store_of(file: Path) -> str:
    """The store that a file, named from the data folder, belongs to."""
    top = file.parts[0] if file.parts else ""
    if len(file.parts) == 1 and top.startswith("usher.db"):
        return DATABASE
    if len(file.parts) == 1 and top.startswith("keys.db"):
        return KEYS
    if top == "outbox":
        return OUTBOX
    return MEMORY if top in ("memory", "memory.old", "memory.new") else OTHER


def _entries(folder: Path, result: FilesSearched) -> Iterator[tuple[Path, os.stat_result]]:
    """Files and folders under a folder, each folder once even where links make a circle."""
    waiting, seen = [folder], set()
    while waiting:
        here = waiting.pop()
        try:
            names = sorted(os.listdir(here))
        except FileNotFoundError:
            continue
        except OSError as error:
            result.unread.append(f"a folder could not be read: {error.strerror}")
            continue
        for name in names:
            path = here / name
            try:
                place = path.stat()
            except OSError:
                place = path.lstat()  # a link that leads nowhere has a name all the same
            yield path, place
            if stat.S_ISDIR(place.st_mode) and (place.st_dev, place.st_ino) not in seen:
                seen.add((place.st_dev, place.st_ino))
                waiting.append(path)


def _search_one(
    path: Path,
    folder: Path,
    place: os.stat_result,
    store: str,
    needles: Sequence[Needle],
    result: FilesSearched,
) -> None:
    tally, places = result.stores[store], []
    if encodings_in(os.fsencode(path.name), needles):
        places.append((0, IN_NAME))
    count = len(places)
    if stat.S_ISREG(place.st_mode):
        searched = search_bytes(path, needles)
        places += [(hit.offset, hit.encoding) for hit in searched.found]
        count += searched.count
        tally.files += 1
        tally.bytes += searched.size
    tally.found += count
    listed = sum(1 for each in result.found if each["where"] == store)
    shown = _shown(path, folder, needles) if places else ""
    result.found += [
        {"where": store, "file": shown, "offset": offset, "encoding": encoding}
        for offset, encoding in places[: max(0, MOST_LISTED - listed)]
    ]


def _shown(path: Path, folder: Path, needles: Sequence[Needle]) -> str:
    return masked(str(path.relative_to(folder)), needles)


def main() -> None:
    """The child: a job in, places and counts out."""
    job = json.load(sys.stdin)
    needles = [
        Needle(name, base64.b64decode(data), any_case, alone)
        for name, data, any_case, alone in job["needles"]
    ]
    json.dump(asdict(search(Path(job["folder"]), needles, job["ids"])), sys.stdout)


if __name__ == "__main__":
    main()
