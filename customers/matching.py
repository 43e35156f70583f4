"""Are two records one person, though no identifier says so? Weights in bits, and a posterior.

Fellegi and Sunter, "A Theory for Record Linkage", JASA 64 (1969): each field that both records have
adds log2(m / u) of the level at which it agrees; a missing field adds nothing. A weight becomes a
probability only with the odds before it, and those fall with every further record it could be:
so the weight that a merge needs rises with log2 of the population. Pure: no clock, no files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log2
from typing import Any, Literal

from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio

from customers.comparable import Comparable

Levels = tuple[str | None, ...]
Household = Literal["given_name", "birth_date", "off"]

#: In the order in which `levels` gives them. `name_order` is about given name and surname together.
FIELDS = (
    "name_order",
    "given_name",
    "surname",
    "birth_date",
    "street",
    "suburb",
    "postcode",
    "region",
    "country",
    "national_id",
    "email",
    "phone",
)
_AGREES = frozenset(["exact", "close", "similar"])


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one field adds: its level of agreement, in bits. Holds no value of anybody's."""

    field: str
    level: str
    bits: float

    def words(self) -> str:
        """`birth date: exact, +12.3 bits`."""
        return f"{self.field.replace('_', ' ')}: {self.level}, {self.bits:+.1f} bits"


@dataclass(frozen=True, slots=True)
class Scored:
    """The weight of one pair, in bits, and what it is the sum of."""

    weight: float
    contributions: tuple[Contribution, ...]

    def words(self) -> list[str]:
        """One line a field, the weightiest first."""
        ordered = sorted(self.contributions, key=lambda c: -abs(c.bits))
        return [contribution.words() for contribution in ordered]

    def level(self, field: str) -> str | None:
        """How this field agreed; None where either lacks it or it has no weight."""
        return next((c.level for c in self.contributions if c.field == field), None)


@dataclass(frozen=True, slots=True)
class Weights:
    """Bits by field and level, in the order of `FIELDS` (None: not weighed), and the thresholds.

    `merge` and `link` are posteriors; `margin` is by how many bits the best must beat the second.
    `household` says what a merge needs besides, as relatives share name and address: `given_name`,
    that it agrees, or where it is missing the birth date; `birth_date`, that one of the two does,
    the date exactly where the given name is another's (twins become one); `off`, nothing.
    """

    bits: tuple[Mapping[str, float] | None, ...]
    merge: float
    link: float
    margin: float
    household: Household

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Weights:
        """From the content of `match_weights.json`. Raises ValueError where it cannot be meant."""
        levels, thresholds = document["fields"], document["thresholds"]
        if unknown := set(levels) - set(FIELDS):
            raise ValueError(f"match weights: no such fields: {', '.join(sorted(unknown))}")
        merge, link = thresholds["merge"], thresholds["link"]
        if not 0.5 <= link <= merge < 1:
            raise ValueError("match weights: thresholds need 0.5 <= link <= merge < 1")
        bits = tuple(_bits(name, levels[name]) if name in levels else None for name in FIELDS)
        household = thresholds["household"]
        if household not in ("given_name", "birth_date", "off"):
            raise ValueError(
                "match weights: thresholds.household is given_name, birth_date or off, "
                f"not {household!r}"
            )
        return cls(
            bits=bits,
            merge=merge,
            link=link,
            margin=thresholds["margin_bits"],
            household=household,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """`merge`: this one; `link`: perhaps this one, nothing follows of itself; `nobody`: none.

    `posterior` is that of the best candidate, `anybody` that of all candidates together. `because`
    says in a word what kept a likely one from being merged: `posterior`, `second`, `household`.
    """

    kind: Literal["merge", "link", "nobody"]
    id: str | None
    posterior: float
    anybody: float
    scored: Scored | None
    because: str | None = None


def weigh(one: Comparable, other: Comparable, weights: Weights) -> Scored:
    """The weight of this pair with its parts; the same in either order."""
    parts = tuple(
        Contribution(field, level, bits[level])
        for field, level, bits in zip(FIELDS, levels(one, other), weights.bits, strict=True)
        if level is not None and bits is not None
    )
    return Scored(sum(part.bits for part in parts), parts)


def weight_of(one: Comparable, other: Comparable, weights: Weights) -> float:
    """The weight alone, in bits: what `weigh` gives, sooner."""
    total = 0.0
    for level, bits in zip(levels(one, other), weights.bits, strict=True):
        if level is not None and bits is not None:
            total += bits[level]
    return total


def posterior(weights: Sequence[float], *, prior_match: float, population: int) -> list[float]:
    """The probability that each candidate is this person; what is missing to 1 is "none of them".

    Before looking each of the `population` is as likely as another: `prior_match / population`,
    where `prior_match`, in (0, 1), is how often an arrival is somebody known. Bayes' rule over
    candidates and nobody; the rest of the population is taken for ruled out.
    """
    if not 0 < prior_match < 1:
        raise ValueError(f"prior_match must be above 0 and below 1, not {prior_match}")
    if population < 1:
        raise ValueError(f"population must be at least 1, not {population}")
    before = log2(prior_match) - log2(population) - log2(1 - prior_match)
    highest = max([0.0, *(before + weight for weight in weights)])
    odds = [2.0 ** max(before + weight - highest, -1000.0) for weight in weights]
    total = 2.0 ** max(-highest, -1000.0) + sum(odds)
    return [odd / total for odd in odds]


def answer(
    candidates: Sequence[tuple[str, Scored]],
    weights: Weights,
    *,
    prior_match: float,
    population: int,
) -> Answer:
    """What follows of these candidates, each an id and how it scored against the arrival.

    People of one household share all but given name and birth date: where `weights.household` asks
    more of these two than they show, a merge is a link.
    """
    if not candidates:
        return Answer("nobody", None, 0.0, 0.0, None)
    ranked = sorted(candidates, key=lambda c: (-c[1].weight, c[0]))
    chances = posterior(
        [scored.weight for _, scored in ranked], prior_match=prior_match, population=population
    )
    (best, scored), chance, anybody = ranked[0], chances[0], min(1.0, sum(chances))
    if anybody < weights.link:
        return Answer("nobody", None, chance, anybody, scored)
    ahead = scored.weight - ranked[1][1].weight if len(ranked) > 1 else float("inf")
    if ahead < weights.margin:
        kept: str | None = "second"
    elif chance < weights.merge:
        kept = "posterior"
    else:
        kept = "household" if _of_the_household(scored, weights) else None
    return Answer("link" if kept else "merge", best, chance, anybody, scored, kept)


def levels(one: Comparable, other: Comparable) -> Levels:
    """How each of `FIELDS` agrees; None where either lacks it.

    Names may stand in each other's place: where they agree only crosswise they are compared so, and
    `name_order` is `swapped`.
    """
    given, surname, other_given, other_surname = (
        one.given_name,
        one.surname,
        other.given_name,
        other.surname,
    )
    order = None if (given or surname) is None or (other_given or other_surname) is None else "kept"
    given_level, surname_level = _name(given, other_given), _name(surname, other_surname)
    if given_level not in _AGREES and surname_level not in _AGREES and order is not None:
        crossed = _name(given, other_surname), _name(surname, other_given)
        if "else" not in crossed and crossed != (None, None):
            order, (given_level, surname_level) = "swapped", sorted(crossed, key=str)
    return (
        order,
        given_level,
        surname_level,
        _born(one.birth_date, other.birth_date),
        _street(one.street, other.street),
        _place(one.suburb, other.suburb),
        _code(one.postcode, other.postcode),
        _same(one.region, other.region),
        _same(one.country, other.country),
        _code(one.national_id, other.national_id),
        _code(one.email, other.email),
        _code(one.phone, other.phone),
    )


def _of_the_household(scored: Scored, weights: Weights) -> bool:
    """Is it as likely a relative at the same address? Rules, as no set here has households."""
    given, born = scored.level("given_name"), scored.level("birth_date")
    if weights.household == "off" or given in _AGREES:
        return False
    if given is None:
        return born not in ("exact", "close")
    return weights.household == "given_name" or born != "exact"


def _bits(field: str, levels_of: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """log2(m / u) a level."""
    found: dict[str, float] = {}
    for level, chances in levels_of.items():
        m, u = chances["m"], chances["u"]
        if not (0 < m <= 1 and 0 < u <= 1):
            raise ValueError(f"match weights: {field}.{level}: m and u lie above 0, at most 1")
        found[level] = log2(m / u)
    if missing := LEVELS[field] - set(found):
        raise ValueError(f"match weights: {field} lacks levels: {', '.join(sorted(missing))}")
    if not all(map(isfinite, found.values())):
        raise ValueError(f"match weights: {field} holds a weight that is no number")
    return found


def _name(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return None
    if one == other:
        return "exact"
    alike = _alike(one, other, 0.8)
    if alike >= 0.92:
        return "close"
    size = len(one)
    if size > 3 < len(other) and -2 < size - len(other) < 2 and _one_slip(one, other):
        return "close"
    return "similar" if alike else "else"


def _born(one: str | None, other: str | None) -> str | None:
    """`close`: one digit is another, two neighbours or day and month changed places."""
    if one is None or other is None:
        return None
    if one == other:
        return "exact"
    if _one_slip(one, other) or one == other[:4] + other[6:] + other[4:6]:
        return "close"
    same = (one[:4] == other[:4]) + (one[4:6] == other[4:6]) + (one[6:] == other[6:])
    return "similar" if same == 2 else "else"


def _street(one: str | None, other: str | None) -> str | None:
    """`similar`: the words of one are, nearly, among those of the other."""
    if one is None or other is None:
        return None
    if one == other:
        return "exact"
    if token_sort_ratio(one, other, score_cutoff=85):
        return "close"
    return "similar" if token_set_ratio(one, other, score_cutoff=80) else "else"


def _place(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return None
    if one == other:
        return "exact"
    return "close" if _alike(one, other, 0.9) else "else"


def _code(one: str | None, other: str | None) -> str | None:
    """Numbers, and what has no likeness but a slip of the hand."""
    if one is None or other is None:
        return None
    if one == other:
        return "exact"
    return "close" if _one_slip(one, other) else "else"


def _alike(one: str, other: str, least: float) -> float:
    """Jaro and Winkler's similarity, 0 below `least`; in one order, as it is not symmetric."""
    if one > other:
        one, other = other, one
    # A cutoff alone drops some that are `least` but for rounding.
    found = JaroWinkler.similarity(one, other, score_cutoff=least - 1e-6)
    return found if found >= least else 0.0


def _one_slip(one: str, other: str) -> bool:
    """One character more, less or other, or two neighbours that changed places."""
    return OSA.distance(one, other, score_cutoff=1) == 1


def _same(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return None
    return "exact" if one == other else "else"


_FOUR = frozenset(["exact", "close", "similar", "else"])
_THREE = frozenset(["exact", "close", "else"])
_TWO = frozenset(["exact", "else"])
_BY_COMPARISON: Mapping[Callable[..., str | None], frozenset[str]] = {
    _name: _FOUR,
    _born: _FOUR,
    _street: _FOUR,
    _place: _THREE,
    _code: _THREE,
    _same: _TWO,
}
_COMPARED_BY = (_name, _name, _born, _street, _place, _code, _same, _same, _code, _code, _code)
#: The levels that each field can have.
LEVELS: Mapping[str, frozenset[str]] = {
    "name_order": frozenset(["kept", "swapped"]),
    **{f: _BY_COMPARISON[by] for f, by in zip(FIELDS[1:], _COMPARED_BY, strict=True)},
}
