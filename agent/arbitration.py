"""Arbitration: of all contacts a person could get now, which one, if any (DESIGN §3.7).

Priority = P × C × V × L in millionths, less the cost of a contact, which is highest right after the
last one and halves every two days. "Do nothing" is a candidate with the score nought. Ties are
broken by a stable hash. Every term is kept, for whoever asks why the other one lost. The product
and the names of its factors follow Pega's published arbitration formula; the contact cost is ours.

C is how well the channel fits: what a person said they prefer counts for more than what we learned.
What is not known counts least: a contact nobody is confident in, or of unknown value, wins nothing.
A pack may switch each factor off and put levers on goals (`policies.arbitration`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from policies import arbitration as factors
from policies.arbitration import Arbitration

MILLION = 1_000_000
_DAY_US = 86_400 * MILLION
#: What one more contact costs right after the last one, in millionths of the best possible
#: priority.
CONTACT_COST = 50_000
HALF_LIFE_US = 2 * _DAY_US
#: A contact worth this much (minor units) has V = 1.
FULL_VALUE_MINOR = 20_000
#: A contact worth nothing that we know of still has this V.
LEAST_VALUE = MILLION // 10
#: C on another channel than the one they said they prefer, or than the one we learned.
NOT_STATED = MILLION // 2
NOT_LEARNED = 3 * MILLION // 4
ANOTHER_LOOK_US = _DAY_US
EVERY_FACTOR = Arbitration()


@dataclass(frozen=True, slots=True)
class Terms:
    """The factors in millionths: propensity, context, value, levers; and the contact cost."""

    p: int
    c: int
    v: int
    l: int  # noqa: E741 - the formula's own letter
    cost: int

    @property
    def score(self) -> int:
        """P × C × V × L − cost, in millionths."""
        return self.p * self.c * self.v * self.l // MILLION**3 - self.cost

    def as_json(self) -> dict[str, int]:
        """Every term, as the journal keeps them."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One contact that the gate would allow now. `key` names it (its decision)."""

    key: str
    goal: str
    agent: str
    call_id: str
    terms: Terms


@dataclass(frozen=True, slots=True)
class Lost:
    """A candidate that does not happen, why, and when it is looked at again."""

    candidate: Candidate
    reason: str
    look_again_at: int


def contact_cost(last_contact_at: int | None, now_us: int) -> int:
    """The cost of one more contact in millionths; nothing for somebody never contacted."""
    if last_contact_at is None:
        return 0
    age = max(0, now_us - last_contact_at)
    return int(CONTACT_COST * 0.5 ** (age / HALF_LIFE_US))


def fit(channel: str | None, *, stated: str | None, learned: str | None = None) -> int:
    """C of a contact on this channel. A stated preference overrules a learned one."""
    if channel is None or channel == (stated or learned or channel):
        return MILLION
    return NOT_LEARNED if stated is None else NOT_STATED


def terms_of(
    *,
    confidence_bp: int | None,
    value_minor: int | None,
    last_contact_at: int | None,
    now_us: int,
    channel_fit: int = MILLION,
    goal: str = "",
    contest: Arbitration = EVERY_FACTOR,
) -> Terms:
    """The terms of one contact. P is the planner's confidence until a learner replaces it.

    `contest`: a factor that it switches off counts as 1, the cost as nothing.
    """
    value = min(FULL_VALUE_MINOR, value_minor or 0)
    lever = MILLION + contest.levers.get(goal, 0) * MILLION // 100
    terms = {
        factors.PROPENSITY: (confidence_bp or 0) * 100,
        factors.CHANNEL: channel_fit,
        factors.VALUE: max(LEAST_VALUE, value * MILLION // FULL_VALUE_MINOR),
        factors.LEVERS: lever,
    }
    p, c, v, l = (term if contest.counts(name) else MILLION for name, term in terms.items())  # noqa: E741
    cost = contact_cost(last_contact_at, now_us) if contest.counts(factors.CONTACT_COST) else 0
    return Terms(p=p, c=c, v=v, l=l, cost=cost)


def arbitrate(
    candidates: Iterable[Candidate], *, now_us: int
) -> tuple[Candidate | None, list[Lost]]:
    """The one contact that happens, or None, and every loser with its reason."""
    ranked = sorted(candidates, key=lambda c: (-c.terms.score, _tie(c)))
    if not ranked:
        return None, []
    best = ranked[0]
    again = now_us + ANOTHER_LOOK_US
    if best.terms.score <= 0:
        return None, [Lost(c, _why_nothing(c), again) for c in ranked]
    return best, [Lost(c, _why_not(c, best), again) for c in ranked[1:]]


def _why_nothing(candidate: Candidate) -> str:
    if candidate.terms.cost > 0:
        return "doing nothing was worth more than another contact so soon"
    return "too little is known for a contact to be worth more than doing nothing"


def _why_not(candidate: Candidate, best: Candidate) -> str:
    if candidate.goal == best.goal:
        return "another message of the same kind was worth more to this person now"
    return f"another message ({best.goal.replace('_', ' ')}) was worth more to this person now"


def _tie(candidate: Candidate) -> str:
    return hashlib.sha256(f"{candidate.key}:{candidate.call_id}".encode()).hexdigest()
