"""Codes and tokens that leave the house: offer codes people can type, links nobody can guess."""

from __future__ import annotations

import re
import secrets

from store.sealing import Vault

#: Without 0/O, 1/I/L, and vowels, so that codes are neither misread nor words.
_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
_TOKEN = re.compile(r"[a-z]{1,8}_[0-9a-z]{1,40}\.[0-9a-f]{32}", re.ASCII)


def fresh_code(length: int = 10) -> str:
    """A single-use offer code; 27^10 of them, so guessing one is hopeless."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def unsubscribe_token(vault: Vault, effect_id: str) -> str:
    """The opaque token of an effect's unsubscribe link: its id and a keyed hash of it."""
    return f"{effect_id}.{vault.lookup('unsubscribe', effect_id)}"


def effect_of_token(vault: Vault, token: str) -> str | None:
    """The effect a token belongs to; None where it is none of ours, whatever it is."""
    if not _TOKEN.fullmatch(token):
        return None
    effect_id, _, mac = token.partition(".")
    expected = vault.lookup("unsubscribe", effect_id)
    return effect_id if secrets.compare_digest(mac, expected) else None
