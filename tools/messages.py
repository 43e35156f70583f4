"""`send_email` and `send_sms`: one message file, its slots, and nothing else reaches a customer.

The model picks a message and writes its free slots; class, purpose, text, links and codes come from the
reviewed file, the profile and the offer (P14). The bytes are rendered before the claim and kept with it.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from prompts.messages import MessageFile, SlotError, fill
from prompts.rendering import Rendered, render
from tools.person_facts import MINUTE_US, cap_facts, cart_facts, person_facts
from tools.picture import Offer, Picture, instant
from tools.tool import ActionKind, Args, FactValue, Prepared, Setting, Tool, ToolRefused

_LONGEST_MINUTES = 525_600


class Send(Args):
    """A message by name, the slots that are yours to write, and until when it is of use."""

    message: str
    slots: dict[str, str] = Field(default_factory=dict)
    offer_id: str | None = None
    useful_until: AwareDatetime = Field(strict=False)


def _microseconds(at: datetime) -> int:
    return int((at - instant(0)).total_seconds()) * 1_000_000


def message_file(picture: Picture, args: Send, setting: Setting) -> MessageFile | None:
    """The file in the person's locale, their language or the message's default; None where none is."""
    return setting.library.pick_message(
        args.message, locale=picture.profile.locale, language=picture.profile.language
    )


def offer_of(picture: Picture, args: Send, setting: Setting) -> Offer | None:
    """The named offer, if it is this person's."""
    return next((o for o in picture.offers if o.id == args.offer_id), None)


def _facts(channel: str, picture: Picture, args: Send, setting: Setting) -> dict[str, FactValue]:
    file = message_file(picture, args, setting)
    purpose = file.purpose if file is not None else setting.agent.purpose
    offer = offer_of(picture, args, setting)
    until = _microseconds(args.useful_until)
    facts: dict[str, FactValue] = {
        **person_facts(picture, purpose=purpose),
        **cart_facts(picture),
        **cap_facts(picture, setting, channel=channel),
        "customer.suppressed": picture.suppressed[channel, purpose],
        "customer.consent": picture.consents[channel, purpose],
        "customer.address_known": channel in picture.addresses,
        "customer.zones": picture.zones,
        "now_us": picture.now_us,
        "action.has_offer": args.offer_id is not None,
        "action.discount_bp": offer.discount_bp if offer is not None else 0,
        "action.offer_valid": args.offer_id is None
        or (
            offer is not None
            and offer.status == "issued"
            and offer.journey_id == setting.journey_id
            and offer.expires_at >= until
        ),
        "action.useful_minutes": max(
            0, min(_LONGEST_MINUTES, (until - picture.now_us) // MINUTE_US)
        ),
    }
    if file is not None and file.channel == channel and args.message in setting.agent.messages:
        facts |= {
            "action.channel": channel,
            "action.class": file.message_class,
            "action.purpose": file.purpose,
            "action.names_discount": file.names_discount,
        }
    return facts


def _prepare(
    channel: str, picture: Picture, args: Send, setting: Setting, effect_id: str
) -> Prepared:
    file = message_file(picture, args, setting)
    if file is None or file.channel != channel or args.message not in setting.agent.messages:
        allowed = ", ".join(setting.agent.messages)
        raise ToolRefused(
            f"no {channel} message '{args.message}' in this customer's language; there are: {allowed}"
        )
    address = picture.addresses.get(channel)
    if address is None:
        raise ToolRefused(f"this customer has no {channel} address")
    offer = offer_of(picture, args, setting)
    rendered = _render(file, address, picture, args, setting, effect_id, offer)
    until = _microseconds(args.useful_until)
    return Prepared(
        kind=ActionKind.CONTACT.value,
        channel=channel,
        message_class=file.message_class,
        purpose=file.purpose,
        to=address,
        expires_at=until,
        amount_minor=offer.cost_minor if offer else None,
        currency=offer.currency if offer else None,
        sha256=rendered.sha256,
        reservations=tuple(
            (f"stock:{line.sku}", line.quantity)
            for line in picture.lines
            if line.free_stock is not None
        ),
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
    unsubscribe = None
    if setting.public_url is not None and file.message_class == "marketing":
        unsubscribe = f"{setting.public_url}/u/{setting.unsubscribe_token(effect_id)}"
    try:
        slots = fill(
            file,
            setting.library.brand,
            planner=args.slots,
            profile={"first_name": picture.profile.first_name},
            cart={
                "lines": [(line.name, line.quantity) for line in picture.lines],
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
            sender=setting.sender[file.channel],
            unsubscribe_url=unsubscribe,
            message_id=effect_id,
            date_us=picture.now_us,
        )
    except SlotError as error:
        raise ToolRefused(str(error)) from error


def _email_facts(picture: Picture, args: Send, setting: Setting) -> dict[str, FactValue]:
    return _facts("email", picture, args, setting)


def _sms_facts(picture: Picture, args: Send, setting: Setting) -> dict[str, FactValue]:
    return _facts("sms", picture, args, setting)


def _prepare_email(p: Picture, args: Send, setting: Setting, effect_id: str) -> Prepared:
    return _prepare("email", p, args, setting, effect_id)


def _prepare_sms(p: Picture, args: Send, setting: Setting, effect_id: str) -> Prepared:
    return _prepare("sms", p, args, setting, effect_id)


TOOLS = (
    Tool(
        name="send_email",
        kind=ActionKind.CONTACT,
        description="Send one of the agent's e-mail messages to this customer.",
        args=Send,
        facts=_email_facts,
        prepare=_prepare_email,
    ),
    Tool(
        name="send_sms",
        kind=ActionKind.CONTACT,
        description="Send one of the agent's text messages to this customer.",
        args=Send,
        facts=_sms_facts,
        prepare=_prepare_sms,
    ),
)
