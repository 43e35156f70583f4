"""Caps: at most so many contacts, or offers, within a window. Data, not conditions."""

from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import Node

from policies.facts import Fact, FactType
from policies.problems import did_you_mean, words
from policies.scope import CONTACT, OFFER, Scope, read_scope
from policies.source import Source
from policies.windows import Window, read_window

MAX_USED: Final = 1_000_000
#: What is counted together. A goal, not a message: another wording of the same is no way around it.
#: A journey is one matter, such as one flight, whichever goals are pursued in it.
_PER: Final = {
    CONTACT: ("person", "channel", "purpose", "goal", "journey"),
    OFFER: ("person", "purpose", "goal", "journey"),
}
#: What tells offers apart. They have no class and go by no channel.
_OF_OFFERS: Final = ("purpose", "goal")


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `max` contacts or offers (`on`) of a person within `window`, counted `per`.

    `obeys` says which are held to the cap, `counts` which are counted: the same ones if the pack
    does not say. How many there are, reservations included, is the fact `cap.ID.used`.
    """

    id: str
    max: int
    window: Window
    per: str
    counts: Scope
    obeys: Scope
    because: str
    line: int
    on: str = CONTACT

    @property
    def fact(self) -> str:
        """The fact that holds how much of the cap is used."""
        return f"cap.{self.id}.used"


def read_cap(source: Source, node: Node, facts: dict[str, Fact]) -> Cap | None:
    """Read one member of `caps:` and declare its fact."""
    keys = source.mapping(
        node,
        "a cap",
        needs=("id", "max", "window", "per", "obeys", "because"),
        may=("counts", "on"),
    )
    if keys is None:
        return None
    name = source.identifier(keys["id"])
    on = _on(source, keys["on"]) if "on" in keys else CONTACT
    if on is None:
        return None
    only = _OF_OFFERS if on == OFFER else None
    obeys = read_scope(source, keys["obeys"], "obeys:", facts, on=on, only=only)
    counts = obeys
    if "counts" in keys:
        counts = read_scope(source, keys["counts"], "counts:", facts, on=on, only=only)
    if name is not None:
        when = obeys if on == CONTACT else {}
        fact = Fact(f"cap.{name}.used", FactType.INT, (on,), 0, MAX_USED, when=when)
        facts[fact.name] = fact
    most = source.integer(keys["max"], "max:")
    if most is not None and not 0 <= most < MAX_USED:
        source.say(keys["max"], f"max: is 0 to {MAX_USED - 1}")
        most = None
    window, per = read_window(source, keys["window"]), source.string(keys["per"], "per:")
    if per is not None and per not in _PER[on]:
        hint = did_you_mean(per, _PER[on])
        source.say(keys["per"], f"per: is one of {words(_PER[on])}, not '{per}'{hint}")
        return None
    if window is not None and window.kind == "ever" and per not in (None, "journey"):
        source.say(keys["window"], "a window without an end is for per: journey")
        return None
    because = source.string(keys["because"], "because:")
    if name is None or most is None or window is None or per is None or because is None:
        return None
    return Cap(name, most, window, per, counts, obeys, because, source.line(keys["id"]), on)


def _on(source: Source, node: Node) -> str | None:
    on = source.words(node, "on:", tuple(_PER))
    if len(on) > 1:
        source.say(node, f"a cap is on: [{CONTACT}] or on: [{OFFER}]; make it two caps")
    return on[0] if len(on) == 1 else None
