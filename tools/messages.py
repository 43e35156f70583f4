"""`send_email` and `send_sms`: one message file, its slots, and nothing else reaches a customer.

The model picks a message and writes its free slots; class, purpose, text, links and codes come from
the reviewed file, the profile and the offer (P14). The bytes are rendered before the claim and kept
with it; a claim that finds other things in the cart, the profile or the offer than they were
rendered from is no claim.
"""

from __future__ import annotations

from functools import partial

from pydantic import AwareDatetime, Field

from prompts.messages import MessageFile, SlotError, fill
from prompts.rendering import Rendered, render
from tools.cap_facts import contact_cap_facts
from tools.instants import DAY_US, MINUTE_US, microseconds
from tools.person_facts import cart_facts, person_facts
from tools.picture import Offer, Picture
from tools.tool import (
    ActionKind,
    Args,
    Cost,
    FactValue,
    Prepared,
    Risk,
    Setting,
    Tool,
    ToolRefused,
)

#: No message is of use for longer; what it holds (stock, a place in the caps' future) ends with it.
LONGEST_USE_US = 30 * DAY_US


class Send(Args):
    """A message by name, the slots that are yours to write, and until when it is of use."""

    message: str
    slots: dict[str, str] = Field(default_factory=dict)
    offer_id: str | None = None
    useful_until: AwareDatetime = Field(strict=False)


def useful_until(picture: Picture, args: Send) -> int:
    """Until when the message is of use, in microseconds; never longer than thirty days from now."""
    return min(microseconds(args.useful_until), picture.now_us + LONGEST_USE_US)


def message_file(
    channel: str, picture: Picture, args: Send, setting: Setting
) -> MessageFile | None:
    """The agent's message of this channel, in the person's locale, language or its default."""
    if args.message not in setting.agent.messages:
        return None
    file = setting.library.pick_message(
        args.message, locale=picture.profile.locale, language=picture.profile.language
    )
    return file if file is not None and file.channel == channel else None


def offer_of(picture: Picture, args: Send) -> Offer | None:
    """The named offer, if it is this person's."""
    return next((o for o in picture.offers if o.id == args.offer_id), None)


def _problem(channel: str, picture: Picture, args: Send, setting: Setting) -> str | None:
    if message_file(channel, picture, args, setting) is not None:
        return None
    there_are = [
        name
        for name in setting.agent.messages
        if any(m.channel == channel for m in setting.library.messages.get(name, {}).values())
    ]
    return (
        f"message: no {channel} message of this name in this customer's language; "
        f"there are: {', '.join(there_are) or 'none'}"
    )


def _binds(channel: str, picture: Picture, args: Send, setting: Setting) -> str:
    file = message_file(channel, picture, args, setting)
    return file.sha256 if file is not None else ""


def _facts(channel: str, picture: Picture, args: Send, setting: Setting) -> dict[str, FactValue]:
    file = message_file(channel, picture, args, setting)
    if file is None:
        return {}
    offer = offer_of(picture, args)
    until = useful_until(picture, args)
    return {
        **person_facts(picture, purpose=file.purpose),
        **cart_facts(picture),
        **_facts_at(channel, picture, args, setting, picture.now_us),
        "customer.suppressed": picture.suppressed[channel, file.purpose],
        "customer.consent": picture.consents[channel, file.purpose],
        "customer.address_known": channel in picture.addresses,
        "customer.zones": picture.zones,
        "customer.jurisdictions": picture.jurisdictions,
        "now_us": picture.now_us,
        "action.channel": channel,
        "action.class": file.message_class,
        "action.purpose": file.purpose,
        "action.names_discount": file.names_discount,
        "action.disclosures": _disclosures(file, setting),
        "action.has_offer": args.offer_id is not None,
        "action.discount_bp": offer.discount_bp if offer is not None else 0,
        "action.offer_valid": args.offer_id is None
        or (
            offer is not None
            and offer.status == "issued"
            and offer.journey_id == setting.journey_id
            and offer.expires_at >= until
        ),
        "action.useful_minutes": max(0, (until - picture.now_us) // MINUTE_US),
    }


def _disclosures(file: MessageFile, setting: Setting) -> tuple[str, ...]:
    """The wordings that the message carries, of those that the pack knows."""
    fact = setting.pack.facts.get("action.disclosures")
    return () if fact is None else tuple(name for name in file.disclosures if name in fact.values)


def _facts_at(
    channel: str, picture: Picture, args: Send, setting: Setting, arrives_at: int
) -> dict[str, FactValue]:
    file = message_file(channel, picture, args, setting)
    if file is None:
        return {}
    return contact_cap_facts(
        picture, setting, channel=channel, purpose=file.purpose, arrives_at=arrives_at
    )


def _basis(channel: str, picture: Picture, args: Send, setting: Setting) -> tuple[object, ...]:
    offer = offer_of(picture, args)
    return (
        _binds(channel, picture, args, setting),
        picture.addresses.get(channel),
        picture.profile.first_name,
        tuple((line.sku, line.name, line.quantity) for line in picture.lines),
        (picture.cart_value_minor, picture.cart_currency),
        offer and (offer.code, offer.discount_bp, offer.expires_at),
        picture.zone,
    )


def _prepare(
    channel: str, picture: Picture, args: Send, setting: Setting, effect_id: str
) -> Prepared:
    file = message_file(channel, picture, args, setting)
    if file is None:
        raise ToolRefused(_problem(channel, picture, args, setting) or "no such message")
    address = picture.addresses.get(channel)
    if address is None:
        raise ToolRefused(f"this customer has no {channel} address")
    offer = offer_of(picture, args)
    if args.offer_id is not None and not file.names_discount:
        raise ToolRefused(
            f"'{args.message}' does not show an offer; leave offer_id out or choose one that does"
        )
    rendered = _render(file, address, picture, args, setting, effect_id, offer)
    return Prepared(
        kind=ActionKind.CONTACT.value,
        channel=channel,
        message_class=file.message_class,
        purpose=file.purpose,
        to=address,
        expires_at=useful_until(picture, args),
        amount_minor=offer.cost_minor if offer else None,
        currency=offer.currency if offer else None,
        sha256=rendered.sha256,
        basis=_basis(channel, picture, args, setting),
        holds_stock=True,
        body={
            "to": address,
            "raw": rendered.raw.decode("utf-8"),
            "subject": rendered.subject,
            "text": rendered.text,
            "message": args.message,
            "locale": file.locale,
            "offer_id": args.offer_id,
        },
        result={"message": args.message, "locale": file.locale},
        hands_over=True,
    )


def _render(
    file: MessageFile,
    address: str,
    picture: Picture,
    args: Send,
    setting: Setting,
    effect_id: str,
    offer: Offer | None,
) -> Rendered:
    sender = setting.sender.get(file.channel)
    if sender is None:
        raise ToolRefused(f"no sender is set for {file.channel}; choose another channel")
    try:
        slots = fill(
            file,
            setting.library.brand,
            planner=args.slots,
            profile={"first_name": picture.profile.first_name},
            cart={
                "lines": [(line.name, line.quantity or 1) for line in picture.lines],
                "value_minor": picture.cart_value_minor,
                "currency": picture.cart_currency,
                "url": setting.context.get("cart_url"),
            },
            offer=None
            if offer is None
            else {
                "code": offer.code,
                "discount_bp": offer.discount_bp,
                "expires_at": offer.expires_at,
            },
            zone=picture.zone,
        )
        return render(
            file,
            setting.library.brand,
            slots=slots,
            to=address,
            sender=sender,
            unsubscribe_url=_unsubscribe_url(file, setting, effect_id),
            message_id=effect_id,
            date_us=picture.now_us,
        )
    except SlotError as error:
        raise ToolRefused(str(error)) from error


def _unsubscribe_url(file: MessageFile, setting: Setting, effect_id: str) -> str | None:
    if file.message_class != "marketing" or file.channel != "email":
        return None
    if setting.public_url is None:
        if setting.mode == "live":
            raise ToolRefused(
                "live marketing e-mail needs a link to unsubscribe; set USHER_PUBLIC_URL"
            )
        return None
    return f"{setting.public_url.rstrip('/')}/u/{setting.unsubscribe_token(effect_id)}"


def _send(name: str, channel: str, description: str) -> Tool:
    return Tool(
        name=name,
        kind=ActionKind.CONTACT,
        description=description,
        args=Send,
        facts=partial(_facts, channel),
        facts_at=partial(_facts_at, channel),
        problem=partial(_problem, channel),
        binds=partial(_binds, channel),
        basis=partial(_basis, channel),
        prepare=partial(_prepare, channel),
        channel=channel,
        risk=Risk.MEDIUM,
        cost=Cost.CHANNEL,
    )


TOOLS = (
    _send("send_email", "email", "Send one of the agent's e-mail messages to this customer."),
    _send("send_sms", "sms", "Send one of the agent's text messages to this customer."),
)
