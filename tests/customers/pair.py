"""Two profiles that turn out to be one person's."""

from __future__ import annotations

from sqlalchemy import select

from customers import consent, merge
from store.schema import lanes
from tests.customers.people import NOW, Town, identify, track


class Pair:
    """Two profiles, the older one to survive."""

    def __init__(self, town: Town) -> None:
        self.town = town
        one = town.who(identify("ada", email="ada@example.com"))
        other = town.who(track("Product Viewed", anonymous="device-1"))
        self.into, self.absorbed = sorted((one, other))

    def merge(self) -> None:
        self.town.run(
            merge.merge, self.town.vault, into=self.into, absorbed=self.absorbed, now_us=NOW
        )

    def say(self, customer_id: str, state: str, at: int, expires_at: int | None = None) -> None:
        self.town.run(
            consent.record,
            self.town.vault,
            customer_id=customer_id,
            channel="email",
            purpose="marketing",
            state=state,
            at=at,
            evidence={"source": "form"},
            expires_at=expires_at,
        )

    def consent(self) -> tuple[str, int, int | None]:
        rows = self.town.db.read_now(consent.of_customer, self.into)
        assert len(rows) == 1
        assert self.town.vault.open_json("consents.evidence", rows[0].evidence_sealed)
        return rows[0].state, rows[0].at, rows[0].expires_at

    def epochs(self) -> dict[str, int]:
        return {
            row.customer_id: row.epoch
            for row in self.town.rows(
                select(lanes).where(lanes.c.customer_id.in_((self.into, self.absorbed)))
            )
        }
