"""A letter that would not arrive as it is, is found out before it leaves."""

from __future__ import annotations

import pytest

from tests.tools.channels.test_smtp import HEAD, RAW
from tools.channels.letters import flaw, header_names

TO = "ada@customer.example"


def test_a_whole_letter_has_no_flaw() -> None:
    assert flaw(RAW, to=TO) is None
    assert header_names(RAW) == ["from", "to", "subject", "date", "message-id"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (RAW.replace(b"\r\n\r\n", b"\n\n"), "end"),
        (RAW[:-2], "end"),
        (RAW + b"\r\r\n", "end"),
        (RAW + b"\x00\r\n", "end"),
        (RAW + "für Sie\r\n".encode(), "ASCII"),
        (RAW + b"w" * 999 + b"\r\n", "longer"),
        (HEAD, "head"),
        (b"\r\nno head\r\n", "head"),
        (b" folded first\r\n" + RAW, "head"),
        (b"From : x\r\n" + RAW, "head"),
        (RAW.replace(b"Subject: ", b"Topic: "), "subject"),
        (b"From: eve@evil.example\r\n" + RAW, "from"),
        (b"Bcc: eve@evil.example\r\n" + RAW, "bcc"),
        (b"Cc: eve@evil.example\r\n" + RAW, "cc"),
        (b"Resent-Bcc: eve@evil.example\r\n" + RAW, "resent-bcc"),
        (b"DKIM-Signature: v=1\r\n" + RAW, "dkim-signature"),
        (RAW.replace(b"To: ada", b"To: eve"), "somebody else"),
        (RAW.replace(b"To: ada", b"To: eve@x.example, ada"), "somebody else"),
        (RAW.replace(b"To: ada@customer.example", b"To: nobody:;"), "somebody else"),
    ],
)
def test_p3_what_a_relay_would_mend_or_copy_to_others_is_refused(raw: bytes, said: str) -> None:
    found = flaw(raw, to=TO)
    assert found is not None
    assert said in found
    assert "eve" not in found


def test_a_folded_header_is_one_header() -> None:
    raw = RAW.replace(b"Subject: Your cart", b"Subject: Your\r\n\tcart: waits")
    assert flaw(raw, to=TO) is None
    assert (header_names(raw) or []).count("subject") == 1
