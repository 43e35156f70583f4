"""Standard Webhooks: our signature is the specification's, and only a true one is taken."""

from __future__ import annotations

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.channels import standard_webhooks as webhooks
from tools.channels.standard_webhooks import BadSecret, BadSignature

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
AT = 1_700_000_000


def test_a_known_message_has_the_signature_that_the_specification_gives_it() -> None:
    # The example of the specification and of its libraries.
    key = webhooks.key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    made = webhooks.headers(
        [key], message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at_s=1614265330, body=body
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert made["webhook-timestamp"] == "1614265330"


@given(st.binary(max_size=200), st.text("abc_019.", min_size=1, max_size=30))
def test_what_is_signed_is_verified_by_anybody_with_hmac_alone(body: bytes, name: str) -> None:
    made = webhooks.headers([KEY], message_id=name, at_s=AT, body=body)
    digest = hmac.digest(KEY, name.encode() + b"." + str(AT).encode() + b"." + body, "sha256")
    assert made["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert webhooks.verify([KEY], made, body, now_s=AT) == name


def test_one_of_several_signatures_is_enough_while_a_secret_is_replaced() -> None:
    made = webhooks.headers([OTHER, KEY], message_id="m", at_s=AT, body=b"x")
    assert webhooks.verify([KEY], made, b"x", now_s=AT + 299) == "m"


@pytest.mark.parametrize(
    ("change", "body", "now", "why"),
    [
        ({}, b"y", AT, "no signature"),
        ({"webhook-id": "n"}, b"x", AT, "no signature"),
        ({"webhook-signature": "v1,AAAA"}, b"x", AT, "no signature"),
        ({"webhook-signature": "é"}, b"x", AT, "no signature"),
        ({"webhook-id": ""}, b"x", AT, "are needed"),
        ({"webhook-timestamp": "soon"}, b"x", AT, "whole number"),
        ({"webhook-timestamp": str(AT + 1)}, b"x", AT, "no signature"),
        ({}, b"x", AT + 301, "seconds from our time"),
        ({}, b"x", AT - 301, "seconds from our time"),
    ],
)
def test_what_is_not_signed_for_us_just_now_is_refused(
    change: dict[str, str], body: bytes, now: int, why: str
) -> None:
    made = webhooks.headers([KEY], message_id="m", at_s=AT, body=b"x") | change
    with pytest.raises(BadSignature, match=why):
        webhooks.verify([KEY], made, body, now_s=now)


def test_a_secret_is_read_back_and_a_broken_one_is_never_repeated() -> None:
    assert webhooks.key_of(webhooks.secret_of(KEY)) == KEY
    for broken in ("whsec_hello", "whsec_" + "A" * 300, "", "whsec_ÄÄ"):
        with pytest.raises(BadSecret) as told:
            webhooks.key_of(broken)
        assert not broken or broken not in str(told.value)
