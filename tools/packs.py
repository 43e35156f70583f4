"""The shelf of compiled packs: which one is live is a row, read inside the claim (DESIGN §6).

Compiling is pure and costs milliseconds, so each text is compiled once and kept by its digest. A
decision names the version it was made under, and that version can be taken down again for replay.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from threading import Lock

from sqlalchemy import Connection

from policies.jurisdictions import FILE, NAME
from policies.pack import Pack, load_pack
from store import documents


@lru_cache(maxsize=1)
def library() -> Mapping[str, str]:
    """The shipped texts that a pack may use, by name."""
    return {NAME: files("policies").joinpath(FILE).read_text(encoding="utf-8")}


class NoPack(LookupError):
    """There is no live policy pack of this name, so nothing can be allowed."""


class PackShelf:
    """Compiled packs by digest. Safe to use from any thread."""

    def __init__(self) -> None:
        self._packs: dict[tuple[str, int], Pack] = {}
        self._lock = Lock()

    def live(self, conn: Connection, name: str) -> Pack:
        """The pack in force, as this transaction sees it."""
        document = documents.live(conn, kind="policy", name=name)
        if document is None:
            raise NoPack(f"no live policy pack '{name}': put one with PUT /v1/policies/{name}")
        return self._take(document)

    def version(self, conn: Connection, name: str, version: int) -> Pack:
        """The pack of one version, live or not."""
        document = documents.get(conn, kind="policy", name=name, version=version)
        if document is None:
            raise NoPack(f"no version {version} of the policy pack '{name}'")
        return self._take(document)

    def _take(self, document: documents.Document) -> Pack:
        key = (document.sha256, document.version)
        with self._lock:
            pack = self._packs.get(key)
        if pack is None:
            pack = load_pack(document.text, file=f"{document.name}.yaml", library=library())
            with self._lock:
                self._packs[key] = pack
        return pack
