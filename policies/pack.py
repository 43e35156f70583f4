"""A policy pack: one YAML file, or one on top of others, read once, then asked about every call.

`load_pack` refuses a pack that has any problem and tells them all. A loaded pack is pure:
no clock, no I/O; the same facts get the same verdict, byte for byte.
"""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from policies.approvals import Approvals
from policies.arbitration import Arbitration
from policies.caps import Cap
from policies.compiler import Outlook, compile_kind, compile_outlook
from policies.content import ENGINE, Content, Text
from policies.facts import KINDS, Fact, shown
from policies.jurisdictions import Jurisdiction
from policies.limits import Budget
from policies.nearness import Nearness, limits_of, near
from policies.overrides import Overrides
from policies.params import ParamValue
from policies.problems import PolicyError, Problem
from policies.quiet_hours import QuietHours
from policies.reading import read
from policies.source import Source
from policies.tables import Table
from policies.verdict import FactValue, Fired, FiredKind, Outcome, Verdict
from policies.views import RuleView, views

__all__ = ["Pack", "PolicyError", "Problem", "RuleView", "load_pack"]

NO_OVERRIDES: Final[Mapping[str, str]] = MappingProxyType({})
NO_TEXTS: Final[Mapping[str, str]] = MappingProxyType({})
NO_PARAMS: Final[Mapping[str, ParamValue]] = MappingProxyType({})


class Pack:
    """One loaded pack."""

    def __init__(self, content: Content, *, file: str) -> None:
        """Compile the checked content; use `load_pack` to come by it."""
        self.content = content
        self.file = file
        self.name: str = content.name
        self.version: int = content.version
        self.sha256: str = content.sha256
        self.currency: str = content.currency
        self.params: Mapping[str, ParamValue] = MappingProxyType(dict(content.params))
        self.caps: tuple[Cap, ...] = content.caps
        self.budgets: tuple[Budget, ...] = content.budgets
        self.quiet_hours: tuple[QuietHours, ...] = content.quiet
        self.jurisdictions: tuple[Jurisdiction, ...] = content.laws
        self.approvals: Approvals = content.approvals
        self.arbitration: Arbitration = content.arbitration
        self.overrides: Mapping[str, Overrides] = MappingProxyType(
            {rule.id: rule.overrides for rule in content.rules if rule.overrides is not None}
        )
        self.tables: tuple[Table, ...] = content.tables
        self.facts: Mapping[str, Fact] = MappingProxyType(dict(content.facts))
        self.goals: tuple[str, ...] = content.goals
        self.four_eyes: bool = content.four_eyes
        self.texts: tuple[Text, ...] = content.texts
        self._needs = {kind: frozenset(content.facts_for(kind)) for kind in KINDS}
        self._decide = {kind: compile_kind(content, kind) for kind in KINDS}
        self._outlooks: dict[str, Outlook] = {}
        self._limits = {kind: limits_of(content, kind) for kind in KINDS}
        self._views = {view.id: view for view in views(content)}

    def needs(self, kind: str) -> frozenset[str]:
        """Names of the facts that calls of this kind need; empty for an unknown kind."""
        return self._needs.get(kind, frozenset())

    def decide(
        self,
        kind: str,
        facts: Mapping[str, FactValue],
        *,
        call_digest: str,
        overrides: Mapping[str, str] = NO_OVERRIDES,
    ) -> Verdict:
        """Decide one call.

        Facts that the kind does not need are not looked at. `overrides` gives reasons by
        soft rule id. An unknown kind of action is denied, and what hangs on a missing fact.
        """
        decide = self._decide.get(kind) if isinstance(kind, str) else None
        if decide is None:
            return self._unknown(kind, call_digest)
        return decide(facts, call_digest, overrides)

    def outlook(self, kind: str) -> Outlook | None:
        """What tells of many calls of a kind what `decide` would answer, without the reasons.

        Asked with facts, the call's digest and overrides it gives the outcome and what would be
        owed; None where only `decide` can tell: a fact is missing, stale or malformed. There is
        none for an unknown kind of action.
        """
        if kind not in self._decide:
            return None
        if kind not in self._outlooks:
            self._outlooks[kind] = compile_outlook(self.content, kind)
        return self._outlooks[kind]

    def near(self, kind: str, facts: Mapping[str, FactValue]) -> tuple[Nearness, ...]:
        """The hard limits that a call with these facts came close to, the closest first."""
        return near(self._limits.get(kind, ()), facts)

    def rule(self, rule_id: str) -> RuleView | None:
        """Look up a rule, a cap, a table's row (`table.row`) or `quiet_hours` by its id."""
        return self._views.get(rule_id)

    @property
    def rules(self) -> tuple[RuleView, ...]:
        """Every rule of the pack, in the order of its texts, the lowest first."""
        order = {text.file: n for n, text in enumerate(self.texts)}
        return tuple(
            sorted(
                self._views.values(),
                key=lambda view: (order.get(view.file, len(order)), view.line, view.id),
            )
        )

    def _unknown(self, kind: str, call_digest: str) -> Verdict:
        kind = str(shown(kind))
        because = f"'{kind}' is no kind of action that this gate knows"
        fired = Fired("missing:kind", FiredKind.MISSING, because, {}, Outcome.DENY)
        digest = sha256(f"{kind}\n".encode("utf-8", "surrogatepass")).hexdigest()
        return Verdict(
            Outcome.DENY, (fired,), {}, self.name, self.version, self.sha256, ENGINE,
            call_digest, digest,
        )  # fmt: skip


def load_pack(
    text: str,
    *,
    file: str,
    library: Mapping[str, str] = NO_TEXTS,
    what_if: Mapping[str, ParamValue] = NO_PARAMS,
) -> Pack:
    """Read a pack's text; raises PolicyError with every problem, `file` names it in them.

    `library`: the texts it may be built on, by the names of their packs, and the jurisdictions; its
    digest covers those that it uses. `what_if`: params taken to be something else, for a question;
    the digest stays that of the texts.
    """
    source = Source(file, text)
    content = read(source, library, what_if)
    if source.problems or content is None:
        raise PolicyError(source.problems)
    return Pack(content, file=file)
