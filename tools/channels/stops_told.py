"""What a system is told of a stop: whose, which, and only as much of them as it needs.

The body of a delivery of kind `sync` has one shape for all systems, written by `customers.outward`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from customers.identifiers import DIGESTS, digest_of
from store.deliveries import Delivery
from tools.instants import instant


@dataclass(frozen=True, slots=True)
class StopTold:
    """A stop. `scope`: all, purpose, address, consent or erased; None in `purposes`: any.

    `identifiers`: (kind, normalised value) of whom, or of the one address it is about.
    """

    scope: str
    purposes: tuple[str, ...]
    channels: tuple[str, ...]
    identifiers: tuple[tuple[str, str], ...] = field(repr=False)

    @classmethod
    def of(cls, delivery: Delivery) -> StopTold:
        """Read from a delivery."""
        body = delivery.body
        return cls(
            scope=body["scope"],
            purposes=tuple(body["purposes"]),
            channels=tuple(body["channels"]),
            identifiers=tuple((each["kind"], each["value"]) for each in body["identifiers"]),
        )

    def values(self, kind: str) -> list[str]:
        """What identifiers of a kind it names."""
        return [value for named, value in self.identifiers if named == kind]

    def stops(self, *, purpose: str, channel: str) -> bool:
        """Whether it stops contact of this purpose by this channel; no word means every one."""
        right = not self.purposes or purpose in self.purposes
        return right and (not self.channels or channel in self.channels)


def payload(delivery: Delivery, *, plain: bool) -> dict[str, Any]:
    """The event as a webhook gets it; addresses as SHA-256 of the normalised text unless `plain`.

    The shop's own user id is sent as it is: without it no system of the shop finds the person.
    """
    body = delivery.body
    return {
        "type": delivery.topic,
        "timestamp": instant(body["at"]).isoformat(),
        "data": {
            "customer_id": delivery.customer_id,
            "scope": body["scope"],
            "purposes": body["purposes"],
            "channels": body["channels"],
            "until": None if body["until"] is None else instant(body["until"]).isoformat(),
            "identifiers": [_shown(each, plain) for each in body["identifiers"]],
        },
    }


def _shown(identifier: dict[str, str], plain: bool) -> dict[str, str]:
    kind, value = identifier["kind"], identifier["value"]
    if plain or kind not in DIGESTS:
        return {"kind": kind, "value": value}
    return {"kind": kind, "sha256": digest_of("sha256", value)}
