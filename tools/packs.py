"""The shelf of compiled packs: which are live are rows, read inside the claim (DESIGN §6).

One query says which texts are in force; they are read and compiled only when that has changed. A
verdict names its pack by the digest of everything it was made of, and by that it is taken down
again for replay, whatever has become of the packs it stands on.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from sqlalchemy import Connection

from policies.pack import Pack
from store import documents, pack_builds
from store.documents import Key
from tools.pack_set import Compiled, NoPack, PackSet

__all__ = ["NoPack", "PackShelf"]

_MOST_SETS = 8


class PackShelf:
    """Packs in force, and packs that were. Safe to use from any thread."""

    def __init__(self) -> None:
        self.compiled = Compiled()
        #: Counts up whenever this process finds other texts in force than the last time.
        self.changes = 0
        self._sets: OrderedDict[Key, PackSet] = OrderedDict()
        self._last: Key | None = None
        self._lock = Lock()

    def live(self, conn: Connection, default: str, goal: str | None = None) -> Pack:
        """The pack that decides a goal, as this transaction sees it: who names it, or `default`."""
        packs = self.in_force(conn)
        named = packs.decides(goal) if goal is not None else None
        return packs.pack(named or default)

    def in_force(self, conn: Connection) -> PackSet:
        """Every live pack, as this transaction sees it."""
        return self.set_of(conn, documents.live_key(conn, "policy"))

    def set_of(self, conn: Connection, key: Key) -> PackSet:
        """The packs of these texts, read and compiled where they are new."""
        with self._lock:
            if key != self._last:
                self.changes += 1
                self._last = key
            packs = self._sets.get(key)
            if packs is not None:
                return packs
        texts: dict[str, str] = {}
        for name, version, _ in key:
            document = documents.get(conn, kind="policy", name=name, version=version)
            assert document is not None
            texts[name] = document.text
        packs = PackSet(texts, self.compiled)
        with self._lock:
            self._sets[key] = packs
            while len(self._sets) > _MOST_SETS:
                self._sets.popitem(last=False)
        return packs

    def by_sha256(self, conn: Connection, sha256: str) -> Pack:
        """The pack that has this digest, in force or not. Raises `NoPack`."""
        built = pack_builds.texts(conn, sha256)
        if built is None:  # a pack of one text is known by that text's digest
            single = documents.of_sha256(conn, kind="policy", sha256=sha256)
            built = [] if single is None else [single]
        texts = {document.name: document.text for document in built}
        if not texts:
            raise NoPack(f"no policy pack with the digest {sha256} was ever in force here")
        pack = self.compiled.take(built[-1].name, texts)
        if pack.sha256 != sha256:
            raise NoPack(f"the texts of the policy pack {pack.name} do not make up {sha256}")
        return pack
