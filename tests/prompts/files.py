"""Small, right files of the room, for tests that make one thing in them wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from prompts.problems import PromptError

BRAND = """\
---
name: Haus Alba
sender: hello@haus-alba.example
sms_sender: HausAlba
postal_address: [Lindenallee 12, "20259 Hamburg"]
link_hosts: [shop.example]
cart_url: https://shop.example/cart
unsubscribe_mailbox: stop@haus-alba.example
forbidden_claims: [free shipping, garantiert]
footer:
  en: {why: You agreed., unsubscribe: Unsubscribe, sms_stop: Reply STOP., discount: Once only.}
---
Warm and exact.
"""

EMAIL = """\
---
name: reminder
locale: en
default: true
class: marketing
channel: email
purpose: marketing
slots:
  first_name: {type: text, max: 40, from: profile, default: ""}
  opening: {type: text, max: 140, from: planner, default: We kept your cart.}
  items: {type: text, max: 60, from: cart}
  cart_url: {type: url, from: cart}
---
# Subject
{{ first_name }} your cart
# Text
{{ opening }}
{{ items }} {{ cart_url }}
# HTML
<p title="a cart">{{ opening }}</p>
<p>{{ first_name }} {{ items }} <a href="{{ cart_url }}">back</a></p>
"""

SMS = """\
---
name: short
locale: en
class: marketing
channel: sms
purpose: marketing
slots:
  items: {type: text, max: 50, from: cart}
---
# Text
Still there: {{ items }}
"""

AGENT = """\
---
name: shopping
goals: [recover_cart]
purpose: marketing
triggers: [{event: Cart Abandoned}]
tools: [get_profile, send_email]
messages: [reminder]
autonomy: supervised
expires_after: P7D
success_event: Order Completed
---
Help.
"""

RULES = """\
agent: shopping
goals: [recover_cart]
trigger: {event: Cart Abandoned}
steps:
  - wait: {for: PT4H}
  - send: {message: reminder}
"""


def swapped(text: str, old: str, new: str) -> str:
    """The text with one passage changed, which must be there."""
    assert old in text
    return text.replace(old, new, 1)


def wrong(parse: Callable[[str, str], object], text: str, file: str = "f.txt") -> list[str]:
    """What a loader says, line by line, each at a place of the file."""
    with pytest.raises(PromptError) as caught:
        parse(text, file)
    lines = str(caught.value).split("\n")
    for line in lines:
        assert re.match(rf"{re.escape(file)}:\d+:\d+: \S", line), line
    return lines
