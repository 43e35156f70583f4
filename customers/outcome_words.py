"""What became of something, in one short plain sentence: the text of its memory.

Read by planners and by people, so no ids and no field names; quoted words are cut.
"""

from __future__ import annotations

from customers.money import MoneyError, exponent

_THINGS = {"email": "e-mail", "sms": "text message", "whatsapp": "WhatsApp message"}
_TOOLS = {
    "send_email": "an e-mail",
    "send_sms": "a text message",
    "create_offer": "a discount",
    "create_ticket": "a ticket for a team",
    "suppress_customer": "stopping contact",
    "escalate": "handing it to people",
}
_LONGEST_QUOTE = 120
_MINUTE_US = 60 * 1_000_000
_HOUR = 60
_DAY = 24 * _HOUR


def letter(channel: str, message: str, quoted: str) -> str:
    """A message as it is called in these sentences: `e-mail (cart reminder) “Your lamp waits”`."""
    thing = _THINGS.get(channel, channel)
    name = f" ({message.replace('_', ' ')})" if message else ""
    words = " ".join(quoted.split())
    cut = words if len(words) <= _LONGEST_QUOTE else f"{words[: _LONGEST_QUOTE - 1].rstrip()}…"
    return f"{thing}{name} “{cut}”" if cut else f"{thing}{name}"


def sent(named: str, *, discount_bp: int | None, reached: bool) -> str:
    """A message that was handed over; `reached` False: it lies in the outbox."""
    offer = f" with {percent(discount_bp)} off" if discount_bp is not None else ""
    done = "was sent" if reached else "was written to the outbox, where nobody gets it"
    return f"{_article(named)} {named}{offer} {done}."


def ignored(named: str, *, lasted_us: int) -> str:
    """Nothing came back while a message was of use."""
    return f"Nothing came back on the {named} in the {span(lasted_us)} in which it was of use."


def bought(named: str, *, after_us: int, total_minor: int | None, currency: str | None) -> str:
    """An order after a message."""
    amount = money(total_minor, currency)
    return f"Bought{f' for {amount}' if amount else ''} {span(after_us)} after the {named}."


def redeemed(discount_bp: int) -> str:
    """A code of ours was used by whom it was for."""
    return f"Used the code for {percent(discount_bp)} off that they were given."


def rejected(tool: str, *, message: str, reason: str) -> str:
    """Somebody of ours said no to a call."""
    what = _TOOLS.get(tool, tool.replace("_", " "))
    name = f" ({message.replace('_', ' ')})" if message else ""
    said = " ".join(reason.split())
    return f"A person said no to {what}{name}{f': {said}' if said else ''}."


def took_back(purposes: list[str], channels: list[str]) -> str:
    """Consent was taken back."""
    by = " and ".join(_THINGS.get(channel, channel) for channel in channels)
    return f"Took back their consent to {' and '.join(purposes)} by {by}."


UNSUBSCRIBED = "Unsubscribed from marketing."
MARKED_AS_SPAM = "Marked a message of ours as spam."


def stopped(channel: str | None) -> str:
    """A reply that opts out."""
    return (
        f"Replied STOP to {_article(_THINGS[channel]).lower()} {_THINGS[channel]}."
        if (channel in _THINGS)
        else "Replied STOP to everything."
    )


def percent(bp: int) -> str:
    """Basis points as percent: 850 → `8.5 %`."""
    return f"{bp // 100}.{bp % 100:02d}".rstrip("0").rstrip(".") + " %"


def money(minor: int | None, currency: str | None) -> str:
    """Minor units with their currency; nothing where either is not known."""
    if minor is None or currency is None:
        return ""
    try:
        decimals = exponent(currency)
    except MoneyError:
        return ""
    whole, part = divmod(minor, 10**decimals)
    return f"{whole}{f'.{part:0{decimals}d}' if decimals else ''} {currency}"


def span(us: int) -> str:
    """A length of time, in the largest unit that fits twice: `90 minutes`, `36 hours`, `3 days`."""
    minutes = max(0, us) // _MINUTE_US
    for size, unit in ((_DAY, "day"), (_HOUR, "hour")):
        if minutes >= 2 * size:
            return f"{minutes // size} {unit}s"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _article(thing: str) -> str:
    return "An" if thing[:1] in "aeiou" else "A"
