"""Which channel a letter really takes: by its kind, the mode of its decision, and to whom it goes.

In `sandbox` everything lies in the outbox. In `live` a letter takes the channel that settings name
for its kind. Where USHER_SEND_ONLY_TO is set, real channels carry letters to those addresses and to
nobody else, in both modes; what goes elsewhere lies in the outbox, and says so. What cannot be
decided is not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tools.channels.addresses import domain_name, mailbox
from tools.channels.channel import Channel
from tools.channels.outbox import Outbox

DIVERTED: Final = "it lies in the outbox: USHER_SEND_ONLY_TO does not name this address"
NO_WAY_OUT: Final = "live marketing e-mail needs a link to unsubscribe; set USHER_PUBLIC_URL"
MARKETING: Final = "marketing"


@dataclass(frozen=True, slots=True)
class SendOnlyTo:
    """The addresses, domains and numbers that real channels may carry letters to."""

    mailboxes: frozenset[str]
    domains: frozenset[str]
    numbers: frozenset[str]

    @classmethod
    def of(cls, entries: tuple[str, ...]) -> SendOnlyTo:
        """Read a list. Raises `ValueError` for an entry that is neither address, domain nor number.

        A domain stands for itself, not for those below it.
        """
        mailboxes, domains, numbers = set[str](), set[str](), set[str]()
        for entry in entries:
            bare = entry.removeprefix("@")
            if entry.startswith("+") and entry[1:].isascii() and entry[1:].isdigit():
                numbers.add(entry)
            elif (box := mailbox(entry)) is not None:
                mailboxes.add(box.lower())
            elif (domain := domain_name(bare)) is not None:
                domains.add(domain)
            else:
                raise ValueError(
                    f"'{entry}' is neither an address (qa@shop.example), a domain (shop.example) "
                    "nor a number (+49…)"
                )
        return cls(frozenset(mailboxes), frozenset(domains), frozenset(numbers))

    def holds(self, to: str) -> bool:
        """Whether a real channel may carry a letter there."""
        box = mailbox(to)
        if box is None:
            return to in self.numbers
        return box.lower() in self.mailboxes or box.rpartition("@")[2] in self.domains


@dataclass(frozen=True, slots=True)
class Route:
    """The channel a letter takes. `reaches_people`: not so for the outbox. `says`: why this one."""

    channel: Channel
    reaches_people: bool
    says: str = ""


@dataclass(frozen=True, slots=True)
class NoRoute:
    """The letter takes no channel, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Router:
    """Outboxes and live channels, by the kind of letter they carry.

    `made`: every channel by its name; several may stand behind one that carries their kind.
    """

    outboxes: Mapping[str, Channel]
    live: Mapping[str, Channel]
    send_only_to: SendOnlyTo | None = None
    public_url: str | None = None
    made: Mapping[str, Channel] = field(default_factory=dict)

    def route(self, *, kind: str, mode: str, to: str, message_class: str) -> Route | NoRoute:
        """The way of one letter."""
        if mode not in ("sandbox", "live"):
            return NoRoute(f"an agent in {mode} hands nothing over")
        real, outbox = self.live.get(kind), self.outboxes.get(kind)
        if mode == "live" and real is None:
            return NoRoute(f"no channel carries {kind}: usher.toml has none under [channels]")
        named = self.send_only_to is not None and self.send_only_to.holds(to)
        if real is not None and (named if self.send_only_to is not None else mode == "live"):
            if mode == "live" and self._needs_way_out(kind, message_class):
                return NoRoute(NO_WAY_OUT)
            return _by(real)
        if outbox is None:
            return NoRoute(f"no channel carries {kind}")
        return _by(outbox, DIVERTED if self.send_only_to is not None and not named else "")

    def named(self, name: str, *, kind: str) -> Channel | None:
        """The channel of this name that carries this kind, as it is set now."""
        found = (self.live.get(kind), self.made.get(name), self.outboxes.get(kind))
        return next(
            (one for one in found if one is not None and one.name == name and kind in one.kinds),
            None,
        )

    def _needs_way_out(self, kind: str, message_class: str) -> bool:
        return kind == "email" and message_class == MARKETING and self.public_url is None


def _by(channel: Channel, says: str = "") -> Route:
    return Route(channel, not isinstance(channel, Outbox), says)
