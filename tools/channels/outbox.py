"""The outbox: each message exactly as it would arrive, in a folder, sealed for its person.

A message is there whole or not at all: written aside, made durable, then linked under its
effect's id, which can happen once. A second send finds it and changes nothing. Without the
person's key a file is noise (P10).
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store.sealing import Erased, Vault
from tools.channels.channel import Letter, SendResult, SendStatus, StillOurs

_LABEL: Final = "outbox"
_PROCESS: Final = secrets.token_hex(4)
_SERIAL: Final = itertools.count()
_SUFFIX: Final = ".sealed"
_ID = re.compile(r"[a-z]{1,8}_[0-9a-z]{1,40}", re.ASCII)


class NotInOutbox(Exception):
    """There is no such message, or what lies there is not it; the text says which."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message in the outbox, opened."""

    effect_id: str
    channel: str
    to: str
    sender: str
    raw: bytes


class Outbox:
    """A channel that ends in a folder. Several, one a kind, may share one."""

    name = "outbox"
    deduplicates = True

    def __init__(self, folder: Path, vault: Vault, *, kind: str = "email") -> None:
        """Make the channel; the folder is made with the first message."""
        self.folder = folder
        self.kinds = (kind,)
        self._vault = vault
        self._swept = False

    # -- the channel -------------------------------------------------------------------

    async def send(self, letter: Letter, *, still_ours: StillOurs) -> SendResult:
        """Put the letter into the folder, once."""
        if refusal := self._refusal(letter):
            return SendResult(SendStatus.REFUSED, None, refusal)
        try:
            aside = await asyncio.to_thread(self._write_aside, letter)
        except Erased:
            return SendResult(SendStatus.REFUSED, None, "the person's data has been erased")
        except OSError as error:
            return _not_sent(f"the outbox cannot be written: {error.strerror or error}")
        if aside is None:
            return _sent(letter)
        if not await self._asked(still_ours, aside):
            return _not_sent("the claim no longer stands; nothing was handed over")
        return await asyncio.to_thread(self._hand_over, letter, aside)

    # -- reading -------------------------------------------------------------------------

    def ids(self) -> list[str]:
        """The effects whose messages lie here, oldest first (ids grow with time)."""
        try:
            names = [entry.name for entry in os.scandir(self.folder)]
        except FileNotFoundError:
            return []
        found = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
        return sorted(name for name in found if _ID.fullmatch(name))

    def open(self, effect_id: str) -> Delivered:
        """One message. Raises `NotInOutbox`, and `Erased` once the person's key is destroyed."""
        try:
            blob = self._path(effect_id).read_bytes()
        except FileNotFoundError:
            raise NotInOutbox(f"there is no message of '{effect_id}' in {self.folder}") from None
        try:
            head, _, raw = self._vault.open(_LABEL, blob).partition(b"\n")
            envelope = json.loads(head)
        except ValueError as error:
            raise NotInOutbox(f"the file of {effect_id} is damaged: {error}") from error
        if envelope["effect_id"] != effect_id:
            raise NotInOutbox(f"the file of {effect_id} holds the message of another effect")
        return Delivered(effect_id, envelope["channel"], envelope["to"], envelope["sender"], raw)

    def read(self, effect_id: str) -> bytes:
        """The bytes of one message, exactly as they would arrive. Raises as `open` does."""
        return self.open(effect_id).raw

    def remove(self, effect_ids: Iterable[str]) -> int:
        """Delete the files of these effects (behind an erasure); how many there were."""
        removed = 0
        for effect_id in effect_ids:
            with suppress(FileNotFoundError):
                self._path(effect_id).unlink()
                removed += 1
        if removed:
            _make_durable(self.folder)
        return removed

    # -- inside ----------------------------------------------------------------------------

    def _refusal(self, letter: Letter) -> str | None:
        if letter.channel not in self.kinds:
            return f"this outbox carries {self.kinds[0]}, not {letter.channel}"
        if not _ID.fullmatch(letter.effect_id):
            return "the effect has no proper id"
        if hashlib.sha256(letter.raw).hexdigest() != letter.sha256:
            return "the bytes are not those that were decided on"
        return None

    async def _asked(self, still_ours: StillOurs, aside: Path) -> bool:
        """Whether the claim stands. Whatever else happens, nothing stays aside without it."""
        ours = False
        try:
            ours = await still_ours()
        finally:
            if not ours:
                aside.unlink(missing_ok=True)
        return ours

    def _path(self, effect_id: str) -> Path:
        if not _ID.fullmatch(effect_id):
            raise NotInOutbox(f"'{effect_id}' is not an effect's id such as eff_01k…")
        return self.folder / f"{effect_id}{_SUFFIX}"

    def _write_aside(self, letter: Letter) -> Path | None:
        """A durable file beside its final name; None where the message lies there already."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        if self._path(letter.effect_id).exists():
            # Whoever linked it may have died before the folder was durable.
            _make_durable(self.folder)
            return None
        envelope = {
            "effect_id": letter.effect_id,
            "idempotency_key": letter.idempotency_key,
            "channel": letter.channel,
            "to": letter.to,
            "sender": letter.sender,
        }
        head = json.dumps(envelope, sort_keys=True, separators=(",", ":"))
        sealed = self._vault.seal(
            letter.customer_id, _LABEL, head.encode("ascii") + b"\n" + letter.raw
        )
        aside = self.folder / f".{letter.effect_id}.{_PROCESS}.{next(_SERIAL)}.aside"
        try:
            with os.fdopen(
                os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as out:
                out.write(sealed)
                out.flush()
                os.fsync(out.fileno())
        except OSError:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
        return aside

    def _hand_over(self, letter: Letter, aside: Path) -> SendResult:
        """Link the file under its name: the one moment at which the message is sent."""
        try:
            os.link(aside, self._path(letter.effect_id))
        except FileExistsError:
            pass
        except OSError as error:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            return _not_sent(f"the outbox cannot be written: {error.strerror or error}")
        try:
            aside.unlink(missing_ok=True)
            _make_durable(self.folder)
        except OSError as error:
            detail = f"the outbox could not be made durable: {error.strerror or error}"
            return SendResult(SendStatus.UNKNOWN, None, detail)
        return _sent(letter)

    def _sweep(self) -> None:
        """Once: remove what a process that died has left aside. It was never handed over."""
        if self._swept:
            return
        self._swept = True
        for left in self.folder.glob(".*.aside"):
            if left.name.split(".")[2:3] != [_PROCESS]:
                left.unlink(missing_ok=True)


def _sent(letter: Letter) -> SendResult:
    return SendResult(SendStatus.SENT, f"outbox:{letter.effect_id}", "")


def _not_sent(detail: str) -> SendResult:
    return SendResult(SendStatus.NOT_SENT, None, detail)


def _make_durable(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
