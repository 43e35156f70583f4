"""Quiet hours that laws and codes of conduct ask for, as dated data: `jurisdictions.yaml`.

Read like a pack: what is not listed is refused with its place. A pack that says
`jurisdictions: true` holds marketing to the windows of every jurisdiction that counts for a person.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ruamel.yaml.nodes import Node

from policies.facts import Fact, FactType
from policies.limits import NOW, ZONES
from policies.local_days import day_number, is_holiday_name
from policies.problems import PolicyError
from policies.quiet import Held, Hours
from policies.quiet_hours import QUIET_ID, read_hours, require_clock_facts
from policies.scope import CONTACT, check_known
from policies.source import Source
from policies.zones import canonical, known

NAME: Final = "jurisdictions"
FILE: Final = "jurisdictions.yaml"
JURISDICTIONS: Final = "customer.jurisdictions"
CLASS: Final = "action.class"
CHANNEL: Final = "action.channel"
#: The class of contacts that these rules are about.
MARKETING: Final = "marketing"
CHANNELS: Final = ("email", "sms", "phone")
CONFIDENCES: Final = ("high", "medium", "low")
_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?\Z")
_NUMBER = re.compile(r"\+[1-9][0-9]{0,9}\Z")
_NEEDS: Final = (
    *("id", "name", "zones", "in_force_from", "as_of", "source", "url", "confidence", "covers"),
    *("because", "quiet"),
)


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """One place whose rules say when people may be contacted. `id` is an ISO 3166 code.

    `numbers`: how telephone numbers of the place begin. `windows`: the hours without contact, each
    with the channels it is about.
    """

    id: str
    name: str
    zones: frozenset[str]
    numbers: tuple[str, ...]
    windows: tuple[tuple[tuple[str, ...], Hours], ...]
    because: str
    confidence: str
    line: int

    @property
    def rule(self) -> str:
        """The id of the rule that fires for it."""
        return f"{QUIET_ID}.{self.id}"


def read_jurisdictions(text: str) -> tuple[Jurisdiction, ...]:
    """Read the data, by id in alphabetical order; PolicyError with every problem."""
    source = Source(FILE, text)
    root = source.root("this file is a mapping with 'notice:' and 'jurisdictions:'")
    keys = source.mapping(root, "the file", needs=("notice", NAME)) if root else None
    found: dict[str, Jurisdiction] = {}
    if keys is not None:
        source.string(keys["notice"], "notice:")
        for node in source.items(keys[NAME], f"{NAME}:"):
            one = _read(source, node)
            if one is not None and one.id in found:
                source.say(node, f"{one.id} stands twice")
            elif one is not None:
                found[one.id] = one
    if source.problems:
        raise PolicyError(source.problems)
    return tuple(found[name] for name in sorted(found))


def require_facts(source: Source, node: Node, facts: Mapping[str, Fact]) -> None:
    """Note a problem for each fact that `jurisdictions: true` needs and the pack lacks."""
    require_clock_facts(source, node, facts, NAME)
    for name, kind in (
        (CLASS, FactType.ENUM), (CHANNEL, FactType.ENUM), (JURISDICTIONS, FactType.JURISDICTIONS)
    ):  # fmt: skip
        fact = facts.get(name)
        if fact is None or fact.type is not kind or CONTACT not in fact.kinds:
            source.say(node, f"{NAME} needs the fact '{name}' ({kind}) declared for {CONTACT}")
        elif name == CLASS and MARKETING not in fact.values:
            source.say(node, f"{NAME} needs the word '{MARKETING}' in '{name}'")
    held = (NOW, ZONES, JURISDICTIONS)
    check_known(source, node, held, facts, on=(CONTACT,), obeys={"class": (MARKETING,)})


def counting(
    laws: tuple[Jurisdiction, ...],
    places: tuple[str, ...],
    zones: tuple[str, ...],
    phone: str | None = None,
) -> tuple[str, ...]:
    """Ids of the jurisdictions that count for a person, from all they may be in.

    `places`: the countries and regions that are known of them (`US`, `US-FL`). A country counts as
    well where one of their zones lies in it, a region where none of its country's is known; both
    where their number is one of the place's.
    """
    here = {canonical(zone) for zone in zones}
    regions = {place[:2] for place in places if "-" in place}
    return tuple(
        law.id
        for law in laws
        if law.id in places
        or (phone is not None and phone.startswith(law.numbers))
        or (not here.isdisjoint(law.zones) and not ("-" in law.id and law.id[:2] in regions))
    )


def holding(
    laws: tuple[Jurisdiction, ...], first: int
) -> Callable[[tuple[str, ...], tuple[str, ...], str], tuple[Held, ...]]:
    """What holds a contact: a function of jurisdictions, zones and channel.

    The rules are numbered from `first`. Each holds at those of the person's zones that lie in it,
    at all of them where none does.
    """

    @lru_cache(maxsize=4096)
    def held(ids: tuple[str, ...], zones: tuple[str, ...], channel: str) -> tuple[Held, ...]:
        found: list[Held] = []
        for number, law in enumerate(laws, first):
            if law.id in ids:
                here = tuple(zone for zone in zones if canonical(zone) in law.zones) or zones
                found += [(hours, here, number) for on, hours in law.windows if channel in on]
        return tuple(found)

    return held


def _read(source: Source, node: Node) -> Jurisdiction | None:
    keys = source.mapping(node, "a jurisdiction", needs=_NEEDS, may=("holidays", "numbers"))
    if keys is None:
        return None
    said = {
        key: source.string(keys[key], f"{key}:")
        for key in ("id", "name", "source", "url", "confidence", "covers", "because")
    }
    code, confidence, because = said["id"], said["confidence"], said["because"]
    if code and not _CODE.match(code):
        source.say(keys["id"], f"'{code}' is not a code of ISO 3166 such as US or US-FL")
    if confidence and confidence not in CONFIDENCES:
        source.say(keys["confidence"], f"confidence: is one of {', '.join(CONFIDENCES)}")
    zones = source.words(keys["zones"], "zones:")
    for item in keys["zones"].value if zones else ():
        if not known(str(item.value)):
            source.say(item, f"unknown time zone '{item.value}'")
    _day(source, keys["as_of"], "as_of:")
    since = _day(source, keys["in_force_from"], "in_force_from:")
    holidays = source.words(keys["holidays"], "holidays:") if "holidays" in keys else ()
    for item in keys["holidays"].value if holidays else ():
        if not is_holiday_name(str(item.value)):
            source.say(item, f"'{item.value}' is not a holiday such as 12-25 or easter+1")
    numbers = source.words(keys["numbers"], "numbers:") if "numbers" in keys else ()
    for item in keys["numbers"].value if numbers else ():
        if not _NUMBER.match(str(item.value)):
            source.say(item, f"'{item.value}' is not how a number begins, such as +1305")
    windows = tuple(
        window
        for member in source.items(keys["quiet"], "quiet:")
        if (window := _window(source, member, holidays, since)) is not None
    )
    if not windows:
        source.say(keys["quiet"], "quiet: names no hours")
    if code is None or because is None or said["name"] is None or confidence is None:
        return None
    return Jurisdiction(
        code, said["name"], frozenset(canonical(zone) for zone in zones if known(zone)), numbers,
        windows, because, confidence, source.line(keys["id"]),
    )  # fmt: skip


def _window(
    source: Source, node: Node, holidays: tuple[str, ...], since: int | None
) -> tuple[tuple[str, ...], Hours] | None:
    keys = source.mapping(
        node,
        "a window",
        needs=("channels", "from", "to"),
        may=("days", "holidays", "in_force_from"),
    )
    if keys is None:
        return None
    channels = source.words(keys["channels"], "channels:", CHANNELS)
    also = False
    if "holidays" in keys:
        also = source.scalar(keys["holidays"]) is True
        if not also:
            source.say(keys["holidays"], "holidays: is true, or is left out")
        elif not holidays:
            source.say(keys["holidays"], "this jurisdiction names no holidays:")
    if "in_force_from" in keys:
        since = _day(source, keys["in_force_from"], "in_force_from:")
    hours = read_hours(source, keys, holidays=holidays if also else (), since=since)
    return (channels, hours) if hours is not None else None


def _day(source: Source, node: Node, what: str) -> int | None:
    text = source.string(node, what)
    number = day_number(text) if text else None
    if text and number is None:
        source.say(node, f"{what} is a day such as 2026-01-31")
    return number
