"""Where the master key comes from: `USHER_MASTER_KEY`, or `master.key` in the folder (0600)."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

KEY_BYTES = 32


class MasterKeyError(Exception):
    """The master key is missing, malformed, or not the one this data was sealed with."""


def decode(text: str, *, where: str) -> bytes:
    """32 bytes from base64; the error says where the text came from, never what it was."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyError(
            f"{where} must hold {KEY_BYTES} bytes in base64; make one with: openssl rand -base64 32"
        )
    return key


def of_folder(folder: Path) -> bytes:
    """The folder's master key, made on first use, for its owner only."""
    path = folder / "master.key"
    if not path.exists():
        if (folder / "keys.db").exists():
            raise MasterKeyError(
                f"{path} is missing, and {folder / 'keys.db'} needs it: put it back, "
                "or state the key in USHER_MASTER_KEY"
            )
        _make(path)
    return decode(path.read_text(), where=str(path))


def _make(path: Path) -> None:
    """Write a new key, whole or not at all; where another process was first, its key stays."""
    handle, draft = tempfile.mkstemp(prefix=".master.key.", dir=path.parent)  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
