"""The outbox keeps the contract of channels, seals what it holds, and survives a crash."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.keys import KeyTable
from store.sealing import Erased, Vault
from tests.tools.channels.contract import EFFECT, ChannelContract, letter_of, ours, taken
from tools.channels.channel import Letter, SendStatus
from tools.channels.outbox import NotInOutbox, Outbox

RAW = b"To: ada@customer.example\r\nSubject: Your cart\r\n\r\nThe lamp Alba is still there.\r\n"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    vault = Vault(KeyTable.in_file(tmp_path / "keys.db"), bytes(32))
    yield vault
    vault.close()


@pytest.fixture
def customer(vault: Vault) -> str:
    return vault.reserve(1)[0]


@pytest.fixture
def outbox(tmp_path: Path, vault: Vault) -> Outbox:
    return Outbox(tmp_path / "outbox", vault)


def files(outbox: Outbox) -> list[str]:
    return sorted(os.listdir(outbox.folder)) if outbox.folder.is_dir() else []


class _OutboxContract(ChannelContract):
    kind = "email"

    @pytest.fixture(autouse=True)
    def _with(self, tmp_path: Path, vault: Vault, customer: str) -> None:
        self.folder, self.vault, self.customer = tmp_path / "outbox", vault, customer

    def make_channel(self) -> Outbox:
        return Outbox(self.folder, self.vault, kind=self.kind)

    def letter(self) -> Letter:
        return letter_of(RAW, customer_id=self.customer, channel=self.kind)

    def arrived(self) -> list[bytes]:
        outbox = self.make_channel()
        return [outbox.read(effect_id) for effect_id in outbox.ids()]

    def block(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.write_text("a file where the folder should be")


class TestForEmail(_OutboxContract):
    """The contract, by e-mail."""


class TestForTextMessages(_OutboxContract):
    """The contract, by text message."""

    kind = "sms"


async def test_a_message_can_be_shown_with_whom_it_is_for(outbox: Outbox, customer: str) -> None:
    await outbox.send(letter_of(RAW, customer_id=customer, channel="email"), still_ours=ours)
    shown = outbox.open(EFFECT)
    assert (shown.to, shown.sender) == ("ada@customer.example", "hello@haus-alba.example")
    assert (shown.channel, shown.raw) == ("email", RAW)
    assert outbox.ids() == [EFFECT]


async def test_p10_nothing_of_the_person_is_readable_in_the_folder(
    outbox: Outbox, customer: str
) -> None:
    await outbox.send(letter_of(RAW, customer_id=customer, channel="email"), still_ours=ours)
    for name in files(outbox):
        blob = (outbox.folder / name).read_bytes()
        assert b"ada" not in blob
        assert b"Alba" not in blob
        assert customer.encode() not in blob
        assert "ada" not in name


async def test_p10_after_erasure_a_message_cannot_be_read(
    outbox: Outbox, vault: Vault, customer: str
) -> None:
    await outbox.send(letter_of(RAW, customer_id=customer, channel="email"), still_ours=ours)
    vault.destroy([customer])
    with pytest.raises(Erased):
        outbox.read(EFFECT)


async def test_p10_nothing_is_written_for_a_person_who_is_erased(
    outbox: Outbox, vault: Vault, customer: str
) -> None:
    vault.destroy([customer])
    letter = letter_of(RAW, customer_id=customer, channel="email")
    result = await outbox.send(letter, still_ours=ours)
    assert result.status is SendStatus.REFUSED
    assert "erased" in result.detail
    assert files(outbox) == []


async def test_p10_files_of_erased_effects_are_removed(outbox: Outbox, customer: str) -> None:
    await outbox.send(letter_of(RAW, customer_id=customer, channel="email"), still_ours=ours)
    assert outbox.remove([EFFECT, "eff_never"]) == 1
    assert files(outbox) == []


async def test_nothing_stays_aside_whether_sent_or_not(outbox: Outbox, customer: str) -> None:
    letter = letter_of(RAW, customer_id=customer, channel="email")
    await outbox.send(letter, still_ours=taken)
    assert files(outbox) == []
    await outbox.send(letter, still_ours=ours)
    await outbox.send(letter, still_ours=ours)
    assert files(outbox) == [f"{EFFECT}.sealed"]


async def test_nothing_stays_aside_when_the_question_for_the_claim_fails_or_is_cancelled(
    outbox: Outbox, customer: str
) -> None:
    letter = letter_of(RAW, customer_id=customer, channel="email")

    async def failing() -> bool:
        raise ConnectionError("the database has gone")

    with pytest.raises(ConnectionError):
        await outbox.send(letter, still_ours=failing)
    asked = asyncio.Event()

    async def waiting() -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    sending = asyncio.create_task(outbox.send(letter, still_ours=waiting))
    await asked.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert files(outbox) == []


async def test_what_a_dead_process_left_aside_is_swept_and_was_never_sent(
    outbox: Outbox, customer: str
) -> None:
    outbox.folder.mkdir()
    (outbox.folder / f".{EFFECT}.deadbeef.0.aside").write_bytes(b"half a mess")
    assert outbox.ids() == []
    letter = letter_of(RAW, customer_id=customer, channel="email")
    assert (await outbox.send(letter, still_ours=ours)).status is SendStatus.SENT
    assert files(outbox) == [f"{EFFECT}.sealed"]
    assert outbox.read(EFFECT) == RAW


async def test_p3_a_second_send_does_not_touch_the_file(outbox: Outbox, customer: str) -> None:
    letter = letter_of(RAW, customer_id=customer, channel="email")
    await outbox.send(letter, still_ours=ours)
    path = outbox.folder / f"{EFFECT}.sealed"
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
    asked = False

    async def question() -> bool:
        nonlocal asked
        asked = True
        return False

    assert (await outbox.send(letter, still_ours=question)).status is SendStatus.SENT
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before
    assert not asked


async def test_only_the_owner_may_look_into_the_folder(outbox: Outbox, customer: str) -> None:
    await outbox.send(letter_of(RAW, customer_id=customer, channel="email"), still_ours=ours)
    assert outbox.folder.stat().st_mode & 0o077 == 0
    assert (outbox.folder / f"{EFFECT}.sealed").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["../keys", "eff_1/../../x", "", "eff_1\n", "EFF_1"])
async def test_a_name_that_is_no_id_reaches_no_file(
    outbox: Outbox, customer: str, name: str
) -> None:
    letter = letter_of(RAW, customer_id=customer, channel="email", effect_id=name)
    assert (await outbox.send(letter, still_ours=ours)).status is SendStatus.REFUSED
    with pytest.raises(NotInOutbox):
        outbox.read(name)


async def test_a_swapped_or_damaged_file_is_not_shown_as_another_message(
    outbox: Outbox, customer: str
) -> None:
    await outbox.send(letter_of(RAW, customer_id=customer, channel="email"), still_ours=ours)
    path = outbox.folder / f"{EFFECT}.sealed"
    shutil.copy(path, outbox.folder / "eff_2.sealed")
    with pytest.raises(NotInOutbox, match="another effect"):
        outbox.read("eff_2")
    blob = path.read_bytes()
    path.write_bytes(blob[:-1] + bytes([blob[-1] ^ 1]))
    with pytest.raises(NotInOutbox, match="damaged"):
        outbox.read(EFFECT)


def test_an_empty_outbox_says_that_a_message_is_not_there(outbox: Outbox) -> None:
    assert outbox.ids() == []
    with pytest.raises(NotInOutbox, match="no message"):
        outbox.read(EFFECT)
