"""What a soak came to, and the line that says it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.soak.judge import Verdict


@dataclass(frozen=True, slots=True)
class Soaked:
    """What happened, and what the judge says of it."""

    people: int
    sent: int
    kills: int
    stops: int
    letters: int
    verdict: Verdict
    chain: bool

    @property
    def passed(self) -> bool:
        """Whether letters left and nothing was found."""
        return self.verdict.clean and self.chain and self.letters > 0

    def line(self, seconds: float) -> str:
        """What is printed."""
        found = self.verdict
        return (
            f"soak: {self.people} customers, {self.sent} events, {self.kills} kills, "
            f"{self.stops} stops, {self.letters} letters: {found.lost} lost, "
            f"{found.twice} twice, {found.caps} caps exceeded, "
            f"{found.after_opt_out} after opt-out, {found.stale} stale writes, "
            f"chain {'valid' if self.chain else 'BROKEN'} ({seconds:.0f} s)"
        )


def both(one: Soaked, other: Soaked) -> Soaked:
    """Two soaks as one: all figures together, passed only where both were."""
    first, second = one.verdict, other.verdict
    return Soaked(
        people=one.people + other.people,
        sent=one.sent + other.sent,
        kills=one.kills + other.kills,
        stops=one.stops + other.stops,
        letters=one.letters + other.letters if one.letters and other.letters else 0,
        verdict=Verdict(
            lost=first.lost + second.lost,
            twice=first.twice + second.twice,
            caps=first.caps + second.caps,
            after_opt_out=first.after_opt_out + second.after_opt_out,
            stale=first.stale + second.stale,
        ),
        chain=one.chain and other.chain,
    )
