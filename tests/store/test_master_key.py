"""The master key: made once, for its owner only, never replaced where data needs the old one."""

from __future__ import annotations

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store import master_key
from store.master_key import MasterKeyError


def test_the_key_is_made_on_first_use_for_its_owner_only(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        key = master_key.of_folder(tmp_path)
    finally:
        os.umask(old)
    assert len(key) == 32
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["master.key"]
    assert master_key.of_folder(tmp_path) == key


def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert master_key.of_folder(tmp_path / "a") != master_key.of_folder(tmp_path / "b")


def test_many_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: master_key.of_folder(tmp_path), range(32)))
    assert len(keys) == 1
    assert os.listdir(tmp_path) == ["master.key"]


def test_a_lost_key_is_not_replaced_where_sealed_data_needs_it(tmp_path: Path) -> None:
    (tmp_path / "keys.db").write_bytes(b"")
    with pytest.raises(MasterKeyError, match=r"master\.key is missing.*put it back"):
        master_key.of_folder(tmp_path)
    assert not (tmp_path / "master.key").exists()


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(b"x" * 31).decode(), "é" * 44])
def test_a_malformed_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(MasterKeyError) as caught:
        master_key.decode(text, where="USHER_MASTER_KEY")
    assert "USHER_MASTER_KEY must hold 32 bytes in base64" in str(caught.value)
    assert not text or text not in str(caught.value)


def test_a_key_is_read_with_or_without_its_line_end() -> None:
    text = base64.b64encode(bytes(range(32))).decode()
    assert master_key.decode(text + "\n", where="x") == bytes(range(32))


def test_an_emptied_key_file_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text("")
    with pytest.raises(MasterKeyError, match=str(tmp_path / "master.key")):
        master_key.of_folder(tmp_path)
