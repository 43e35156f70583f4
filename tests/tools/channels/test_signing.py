"""A signature that a stranger verifies, over every byte decided on and the way out (RFC 8058)."""

from __future__ import annotations

import base64
import re

import dkim  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.tools.channels.contract import letter_of, ours
from tests.tools.channels.mail_server import mail_server
from tests.tools.channels.test_smtp import HEAD, RAW, relay
from tools.channels.channel import SendStatus
from tools.channels.signing import BadKey, Dkim
from tools.channels.smtp import Smtp

KEY = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
MARKETING = (
    HEAD
    + b"List-Unsubscribe: <https://usher.example/u/abc>,\r\n <mailto:stop@haus-alba.example>\r\n"
    + b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    + b"\r\n.The lamp Alba\t is still there. \r\n\r\n"
)


def pem(key: rsa.RSAPrivateKey, locked: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked or NoEncryption())


def record(name: bytes, timeout: float = 5) -> bytes | None:
    """What the domain publishes."""
    if name != b"s1._domainkey.haus-alba.example.":
        return None
    shown = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(shown)


def signer() -> Dkim:
    return Dkim.of(selector="s1", domain="haus-alba.example", pem=pem(KEY))


def verified(raw: bytes) -> bool:
    return bool(dkim.verify(raw, dnsfunc=record))


def signed_names(raw: bytes) -> list[str]:
    head = raw.partition(b"\r\n\r\n")[0]
    found = re.search(rb"\bh=([^;]+);", head)
    assert found is not None
    return [name.strip().decode() for name in found.group(1).split(b":")]


async def test_p3_a_signed_letter_arrives_with_every_byte_that_was_decided_on() -> None:
    async with mail_server() as server:
        channel = Smtp("mail", relay(server), dkim=signer())
        result = await channel.send(
            letter_of(MARKETING, customer_id="cus_1", channel="email"), still_ours=ours
        )
        assert result.status is SendStatus.SENT
        [raw] = server.raw
    assert raw.endswith(MARKETING)
    assert raw.startswith(b"DKIM-Signature: ")
    assert verified(raw)


def test_the_way_out_of_marketing_is_among_what_is_signed() -> None:
    names = signed_names(signer().sign(MARKETING))
    assert {"list-unsubscribe", "list-unsubscribe-post", "from", "to", "subject"} <= set(names)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"https://usher.example/u/abc", b"https://evil.example/u/abc"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Clicks"),
        (b"is still there", b"has gone"),
        (b"From: Haus", b"From: Maus"),
        (b"\r\nSubject: ", b"\r\nSubject: Other\r\nSubject: "),
        (b"\r\nSubject: ", b"\r\nReply-To: eve@evil.example\r\nSubject: "),
        (b"\r\nList-Unsubscribe: ", b"\r\nList-Unsubscribe: <https://evil.example>\r\nX: "),
    ],
)
def test_whatever_is_changed_or_added_on_the_way_breaks_it(was: bytes, becomes: bytes) -> None:
    raw = signer().sign(MARKETING)
    assert raw.count(was) == 1
    assert not verified(raw.replace(was, becomes))


def test_nobody_can_add_a_way_out_to_a_letter_that_has_none() -> None:
    raw = signer().sign(RAW)
    assert verified(raw)
    assert not verified(raw.replace(b"\r\nSubject", b"\r\nList-Unsubscribe: <x:>\r\nSubject"))


def test_every_line_of_a_signature_is_short() -> None:
    head = signer().sign(MARKETING).removesuffix(MARKETING)
    assert head.endswith(b"\r\n")
    assert max(len(line) for line in head.split(b"\r\n")) <= 78


def test_a_signer_shows_no_key() -> None:
    assert "PRIVATE" not in repr(signer())


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (b"no key", "no private key"),
        (pem(KEY, BestAvailableEncryption(b"x")), "password"),
        (pem(rsa.generate_private_key(65_537, 1_024))[:200], "no private key"),
        (
            ec.generate_private_key(ec.SECP256R1()).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ),
            "RSA",
        ),
    ],
    ids=["words", "locked", "half", "curve"],
)
def test_what_cannot_sign_is_no_key(made: bytes, said: str) -> None:
    with pytest.raises(BadKey, match=said):
        Dkim.of(selector="s1", domain="haus-alba.example", pem=made)
