"""Codes and tokens that leave the house cannot be guessed, made up or passed on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.slots import is_code
from store.ids import new_id
from store.keys import KeyTable
from store.sealing import Vault
from tools.codes import effect_of_token, fresh_code, unsubscribe_token


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    folder: Path = tmp_path_factory.mktemp("vault")
    vault = Vault(KeyTable.in_file(folder / "keys.db"), bytes(32))
    yield vault
    vault.close()


def test_a_token_leads_to_its_effect_and_to_no_other(vault: Vault) -> None:
    effect_id, other = new_id("eff"), new_id("eff")
    token = unsubscribe_token(vault, effect_id)
    assert effect_of_token(vault, token) == effect_id
    mac = token.partition(".")[2]
    for forged in (
        f"{other}.{mac}",
        f"{effect_id}.",
        effect_id,
        f"{effect_id}.{mac[:-1]}",
        f"{effect_id}.{mac}0",
        f"{effect_id}.{mac.upper()}",
        f"{token}\n",
        f" {token}",
        f"{effect_id}.{'0' * 32}",
    ):
        assert effect_of_token(vault, forged) is None, forged


def test_a_token_of_another_deployment_is_none_of_ours(vault: Vault, tmp_path: Path) -> None:
    theirs = Vault(KeyTable.in_file(tmp_path / "keys.db"), bytes(31) + b"1")
    token = unsubscribe_token(theirs, "eff_1")
    theirs.close()
    assert effect_of_token(vault, token) is None


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_whatever_a_link_holds_is_answered(vault: Vault, text: str) -> None:
    assert effect_of_token(vault, text) is None
    assert effect_of_token(vault, f"eff_1.{text}") is None


@pytest.mark.parametrize("text", ["\ud800", "eff_1.\udfff", "eff_1.é" + "0" * 31, "\x00.\x00"])
def test_characters_that_no_link_can_hold_are_answered_too(vault: Vault, text: str) -> None:
    assert effect_of_token(vault, text) is None


def test_codes_are_different_and_easy_to_type() -> None:
    codes = {fresh_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(is_code(code) and len(code) == 10 for code in codes)
    assert not set("".join(codes)) & set("01OILAEU")
