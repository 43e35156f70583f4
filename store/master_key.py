"""Where the master key comes from: `USHER_MASTER_KEY`, or `master.key` in the folder (0600)."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
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
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    return decode(path.read_text(), where=str(path))
