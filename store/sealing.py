"""Sealing: everything personal is ciphertext under that person's key, from the first row (P10).

AES-256-GCM. A blob names the key it needs, so it can be opened without knowing whose it is, and
becomes noise at once when that key is destroyed. What must be found again is found by keyed hash.
Nonces are drawn afresh each time, so a unit of work that runs twice never uses one twice.
"""

from __future__ import annotations

import hmac
import json
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from hashlib import sha256
from threading import RLock
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from store.ids import new_id
from store.keys import KeyTable, WrappedKey
from store.master_key import KEY_BYTES, MasterKeyError

_VERSION = b"\x01"
_ID_BYTES = 16
_NONCE_BYTES = 12
_MOST_CACHED = 50_000
#: So many keys for what is sealed once are made together.
_SPARE = 64
#: Another process may destroy a key: after so long a shared table is asked again.
_BELIEVED_FOR_S = 1.0
_CHECK = "check"
_CHECK_TEXT = b"usher"
_INTAKE = "intake:"


class Erased(Exception):
    """The person's key has been destroyed; what was sealed under it can never be read again."""


class Vault:
    """Seals, opens, finds and forgets. Safe to use from any thread."""

    def __init__(
        self,
        keys: KeyTable,
        master: bytes,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        most_cached: int = _MOST_CACHED,
    ) -> None:
        self._keys = keys
        self._monotonic = monotonic
        self._most_cached = most_cached
        self._wrapper = AESGCM(_derive(master, b"usher wrap"))
        self._lookup_key = _derive(master, b"usher look-up")
        self._signing = Ed25519PrivateKey.from_private_bytes(_derive(master, b"usher sign"))
        self._lock = RLock()
        self._by_id: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()
        self._of_subject: OrderedDict[str, bytes] = OrderedDict()
        self._ready: list[str] = []
        self._spare: list[str] = []
        with keys.alone():
            self._check()
            self._intake, self._intake_seen = self._newest_intake(), monotonic()

    # -- keys --------------------------------------------------------------------------------------

    def reserve(self, n: int) -> list[str]:
        """`n` fresh customer ids whose keys are durable. Give back those that are not used."""
        with self._lock:
            if len(self._ready) < n:
                fresh = [new_id("cus") for _ in range(max(n, 64) - len(self._ready))]
                self._make(fresh)
                self._ready.extend(fresh)
            taken, self._ready = self._ready[:n], self._ready[n:]
            return taken

    def give_back(self, customer_ids: Iterable[str]) -> None:
        """Ids that `reserve` gave and nobody used."""
        with self._lock:
            self._ready.extend(customer_ids)

    def ensure(self, subject: str) -> None:
        """Make a key for this subject unless it has one; durable on return."""
        with self._lock:
            if subject not in self._of_subject and self._load_subject(subject) is None:
                self._make([subject])

    def destroy(self, subjects: Iterable[str]) -> int:
        """Destroy all keys of these subjects, durably and in memory. May be called again."""
        listed = sorted(set(subjects))
        with self._lock:
            destroyed = self._keys.destroy(listed)
            for subject in listed:
                key_id = self._of_subject.pop(subject, None)
                if key_id is not None:
                    self._by_id.pop(key_id, None)
            self._by_id.clear()
            self._ready = [s for s in self._ready if s not in listed]
            return destroyed

    def discard(self, blobs: Iterable[bytes]) -> int:
        """Destroy the keys that these blobs name, and no others. Returns how many there were."""
        key_ids = {blob[1 : 1 + _ID_BYTES] for blob in blobs}
        with self._lock:
            destroyed = self._keys.destroy_ids([key_id.hex() for key_id in key_ids])
            for key_id in key_ids:
                self._by_id.pop(key_id, None)
            return destroyed

    def rotation_seed(self, subject: str) -> bytes:
        """32 bytes that only this person's key gives; gone with it."""
        return _derive(self._key_of(subject)[1], b"usher rotation")

    # -- intake ------------------------------------------------------------------------------------

    def intake(self) -> str:
        """The subject under which messages are sealed until it is known whose they are."""
        with self._lock:
            if self._is_old(self._intake_seen):
                self._intake, self._intake_seen = self._newest_intake(), self._monotonic()
            return self._intake

    def begin_intake(self) -> list[str]:
        """Start a new intake generation. Returns the older ones, to be destroyed once nothing that
        matters is sealed under them any more.
        """
        with self._lock:
            older = self._keys.subjects_like(_INTAKE)
            generation = 1 + max((int(s.removeprefix(_INTAKE)) for s in older), default=0)
            subject = f"{_INTAKE}{generation}"
            self._make([subject])
            self._intake, self._intake_seen = subject, self._monotonic()
            return older

    # -- sealing -----------------------------------------------------------------------------------

    def seal(self, subject: str, label: str, data: bytes) -> bytes:
        """Encrypt under the subject's key. `label` names the column it is for; authenticated."""
        key_id, key = self._key_of(subject)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, data, label.encode() + key_id)
        return _VERSION + key_id + nonce + sealed

    def open(self, label: str, blob: bytes) -> bytes:
        """Decrypt. `Erased` where the key is destroyed; `ValueError` where it is no such blob."""
        if blob[:1] != _VERSION or len(blob) < 1 + _ID_BYTES + _NONCE_BYTES:
            raise ValueError(f"not a sealed value of {label}")
        key_id = blob[1 : 1 + _ID_BYTES]
        nonce = blob[1 + _ID_BYTES : 1 + _ID_BYTES + _NONCE_BYTES]
        try:
            return AESGCM(self._key_by_id(key_id)).decrypt(
                nonce, blob[1 + _ID_BYTES + _NONCE_BYTES :], label.encode() + key_id
            )
        except InvalidTag:
            raise ValueError(f"a sealed value of {label} has been altered or misplaced") from None

    def fetch_keys(self, blobs: Iterable[bytes]) -> None:
        """Fetch the keys that these blobs need, in one question, before they are opened one by one.

        Keys that are destroyed stay unknown: opening says so.
        """
        with self._lock:
            needed = {blob[1 : 1 + _ID_BYTES] for blob in blobs} - self._by_id.keys()
            if needed:
                for stored in self._keys.by_ids([key_id.hex() for key_id in needed]):
                    self._remember(bytes.fromhex(stored.id), stored.subject, self._unwrap(stored))

    def seal_json(self, subject: str, label: str, value: Any) -> bytes:
        """Seal a JSON value, written compactly and in sorted order."""
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return self.seal(subject, label, text.encode())

    def seal_json_once(self, label: str, value: Any) -> bytes:
        """Seal a JSON value under a key of its own, which `discard` destroys; nobody else's.

        The key is durable before anything is sealed under it. Keys are made many at a time, so that
        this waits for the disk seldom.
        """
        with self._lock:
            if not self._spare:
                fresh = [new_id("one") for _ in range(_SPARE)]
                self._make(fresh)
                self._spare = fresh
            subject = self._spare.pop()
            sealed = self.seal_json(subject, label, value)
            self._of_subject.pop(subject, None)
            return sealed

    def open_json(self, label: str, blob: bytes) -> Any:
        """Open what `seal_json` sealed."""
        return json.loads(self.open(label, blob))

    def lookup(self, kind: str, value: str) -> str:
        """A keyed hash (32 hex characters) by which something personal is found again."""
        digest = hmac.new(self._lookup_key, f"{kind}\x00{value}".encode(), sha256)
        return digest.hexdigest()[:32]

    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs journal anchors."""
        return self._signing

    def close(self) -> None:
        """Forget what is in memory and let go of the key table."""
        with self._lock:
            self._by_id.clear()
            self._of_subject.clear()
            if self._spare:
                self._keys.destroy(self._spare)
                self._spare = []
            self._keys.close()

    # -- inside ------------------------------------------------------------------------------------

    def _check(self) -> None:
        stored = self._keys.of_subject(_CHECK)
        if stored is None:
            if self._keys.count():
                raise MasterKeyError("the key table has lost its check row; restore it from backup")
            self._keys.add([self._wrap(os.urandom(_ID_BYTES), _CHECK, _CHECK_TEXT)])
            return
        self._unwrap(stored)

    def _newest_intake(self) -> str:
        generations = self._keys.subjects_like(_INTAKE)
        if generations:
            return max(generations, key=lambda s: int(s.removeprefix(_INTAKE)))
        self._make([f"{_INTAKE}1"])
        return f"{_INTAKE}1"

    def _make(self, subjects: list[str]) -> None:
        made = [(os.urandom(_ID_BYTES), subject, os.urandom(KEY_BYTES)) for subject in subjects]
        self._keys.add([self._wrap(key_id, subject, key) for key_id, subject, key in made])
        for key_id, subject, key in made:
            self._remember(key_id, subject, key)

    def _remember(self, key_id: bytes, subject: str, key: bytes) -> None:
        self._by_id[key_id] = (key, self._monotonic())
        self._of_subject[subject] = key_id
        while len(self._by_id) > self._most_cached:
            self._by_id.popitem(last=False)
        while len(self._of_subject) > self._most_cached:
            self._of_subject.popitem(last=False)

    def _wrap(self, key_id: bytes, subject: str, key: bytes) -> WrappedKey:
        nonce = os.urandom(_NONCE_BYTES)
        wrapped = nonce + self._wrapper.encrypt(nonce, key, key_id)
        return WrappedKey(key_id.hex(), subject, wrapped, time.time_ns() // 1000)

    def _unwrap(self, stored: WrappedKey) -> bytes:
        nonce, sealed = stored.wrapped[:_NONCE_BYTES], stored.wrapped[_NONCE_BYTES:]
        try:
            return self._wrapper.decrypt(nonce, sealed, bytes.fromhex(stored.id))
        except InvalidTag:
            raise MasterKeyError(
                "the master key does not fit this data: USHER_MASTER_KEY or master.key has changed"
            ) from None

    def _load_subject(self, subject: str) -> bytes | None:
        stored = self._keys.of_subject(subject)
        if stored is None:
            return None
        key_id = bytes.fromhex(stored.id)
        self._remember(key_id, subject, self._unwrap(stored))
        return key_id

    def _key_of(self, subject: str) -> tuple[bytes, bytes]:
        with self._lock:
            key_id = self._of_subject.get(subject)
            if key_id is not None:
                try:
                    return key_id, self._key_by_id(key_id)
                except Erased:
                    del self._of_subject[subject]
            key_id = self._load_subject(subject)
            if key_id is None:
                raise Erased(f"there is no key for {subject}")
            return key_id, self._key_by_id(key_id)

    def _key_by_id(self, key_id: bytes) -> bytes:
        with self._lock:
            key, seen = self._by_id.get(key_id, (None, 0.0))
            if key is None or self._is_old(seen):
                self._by_id.pop(key_id, None)
                stored = self._keys.by_id(key_id.hex())
                if stored is None:
                    raise Erased("this was sealed under a key that has been destroyed")
                key = self._unwrap(stored)
                self._remember(key_id, stored.subject, key)
            return key

    def _is_old(self, seen: float) -> bool:
        return self._keys.is_shared and self._monotonic() - seen >= _BELIEVED_FOR_S


def _derive(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)
