"""`examine`: everything that can be proved of one pack, kind of call by kind of call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from policies.facts import KINDS
from policies.pack import Pack
from policies.proofs import promises
from policies.proofs.answers import NO_TABLE, UNMATCHED
from policies.proofs.cases import Case
from policies.proofs.firing import Firing, Life, dead_parts, firings
from policies.proofs.logic import EFFORT, OutOfTime, Possible, no_end
from policies.proofs.reach import reach
from policies.proofs.report import Finding, Held, Reach, Report
from policies.proofs.setting import Setting
from policies.verdict import Outcome

Told = Callable[[int, int], None]
NO_TEXTS: Final[Mapping[str, str]] = {}
_FREE: Final = {Outcome.ALLOW, Outcome.NEEDS_REASON}


def nobody(done: int, of: int) -> None:
    """For who does not want to hear how far it is."""


def examine(
    pack: Pack,
    *,
    texts: Mapping[str, str] = NO_TEXTS,
    kinds: Sequence[str] = KINDS,
    effort: int = EFFORT,
    over: Callable[[], bool] = no_end,
    tell: Told = nobody,
) -> Report:
    """Look at a pack from every side. `texts` (by file) give the columns of what is found.

    `kinds`: the kinds of call that there are; others are asked about where a table is about them.
    Where only an invariant is about them it is proved, and nothing else is told of them.

    `over` is asked before every question; once it says so, what was found so far is the answer, and
    the invariants that were not reached are told as not proved.
    """
    look = _Look(pack, texts)
    whole = {*kinds, *(kind for table in pack.tables for kind in table.on)}
    promised = {kind for one in pack.content.invariants for kind in one.on}
    asked = [kind for kind in KINDS if kind in whole or kind in promised]
    finished = True
    try:
        for done, kind in enumerate(asked):
            tell(done, len(asked))
            setting = Setting(pack, kind, effort=effort, over=over)
            (look.at if kind in whole else look.promises)(setting)
    except OutOfTime:
        finished = False
    tell(len(asked), len(asked))
    return look.report(finished)


def broken_promises(
    pack: Pack, *, effort: int = EFFORT, over: Callable[[], bool] = no_end
) -> tuple[Finding, ...]:
    """Only the invariants: those that do not hold, or are not proved."""
    look = _Look(pack, NO_TEXTS)
    asked = {kind for one in pack.content.invariants for kind in one.on}
    finished = True
    try:
        for kind in KINDS:
            if kind in asked:
                look.promises(Setting(pack, kind, effort=effort, over=over))
    except OutOfTime:
        finished = False
    return look.report(finished).errors


class _Look:
    def __init__(self, pack: Pack, texts: Mapping[str, str]) -> None:
        self.pack, self.texts = pack, texts
        self.firings: dict[str, list[Firing]] = {}
        self.findings: list[Finding] = []
        self.reach: list[Reach] = []
        self.settings: list[Setting] = []
        self.proved: dict[str, set[str]] = {one.id: set() for one in pack.content.invariants}

    def at(self, setting: Setting) -> None:
        """Ask everything about one kind of call."""
        self.promises(setting)
        found = reach(setting)
        self.reach += found
        self._kind(setting, found)
        for firing in firings(setting):
            self.firings.setdefault(firing.rule, []).append(firing)
        for rule, parts in dead_parts(setting).items():
            for part in parts:
                self._say(rule, f"{rule}: this part can never be true, in calls of "
                                f"{setting.kind}: {part}")  # fmt: skip
        self._uncovered(setting)

    def promises(self, setting: Setting) -> None:
        """Prove the invariants for one kind of call."""
        self.settings.append(setting)
        for invariant in self.pack.content.invariants:
            if setting.kind not in invariant.on:
                continue
            wrong = promises.kept(setting, invariant)
            if wrong is None:
                self.proved[invariant.id].add(setting.kind)
            else:
                self.findings.append(wrong)

    def report(self, finished: bool) -> Report:
        """All that was found, errors first, then in the order of the file."""
        held = self._held()
        try:
            if finished:
                self._empty(held)
                self._lives()
        except OutOfTime:
            finished = False
        order = sorted(
            self.findings,
            key=lambda one: (one.severity != "error", one.file, one.line, one.col, one.text),
        )
        questions = sum(setting.logic.questions for setting in self.settings)
        return Report(tuple(order), tuple(held), tuple(self.reach), questions, finished)

    def _held(self) -> list[Held]:
        """The invariants that were proved for every kind; those not reached are told."""
        held: list[Held] = []
        for invariant in self.pack.content.invariants:
            if self.proved[invariant.id] == set(invariant.on):
                held.append(promises.held(invariant))
            elif not any(one.about == invariant.id for one in self.findings):
                place = (invariant.file, invariant.line, invariant.col)
                text = f"invariant {invariant.id} is not proved: there was no time left"
                self.findings.append(Finding(*place, "error", invariant.id, text))
        return held

    def _empty(self, held: list[Held]) -> None:
        for invariant in self.pack.content.invariants:
            if any(one.id == invariant.id for one in held):
                asked = [one for one in self.settings if one.kind in invariant.on]
                if empty := promises.says_nothing(asked, invariant):
                    self.findings.append(empty)

    def _say(self, rule: str, text: str, case: Case | None = None) -> None:
        self.findings.append(Finding(*self._place(rule), "warning", rule, text, case))

    def _place(self, rule: str) -> tuple[str, int, int]:
        view = self.pack.rule(rule)
        if view is None:
            table = next((one for one in self.pack.tables if rule.startswith(f"{one.id}.")), None)
            if table is None:
                return self.pack.file, 1, 1
            view = self.pack.rule(f"{table.id}.{table.rows[0].id}")
            file = view.file if view else self.pack.file
            return file, table.line, self._col(file, table.line, table.id)
        return view.file, view.line, self._col(view.file, view.line, rule.rpartition(".")[2])

    def _col(self, file: str, line: int, word: str) -> int:
        lines = self.texts.get(file, "").splitlines()
        return max(0, lines[line - 1].find(word)) + 1 if line <= len(lines) else 1

    def _kind(self, setting: Setting, found: list[Reach]) -> None:
        """A kind of call that can never pass, or that nothing can ever stop."""
        outcomes = {outcome for one in found for outcome in one.outcomes}
        if not all(one.told for one in found):
            self._say("", f"calls of {setting.kind}: not every answer could be settled in time")
        elif not outcomes:
            self._say("", f"calls of {setting.kind} cannot arise: no facts are within all bounds")
        elif outcomes == {Outcome.ALLOW}:
            self._say("", f"calls of {setting.kind} are always allowed, whatever the facts")
        elif not outcomes & _FREE and not _meant(setting):
            asked = outcomes - {Outcome.DENY}
            how = "are always denied" if not asked else "never go without a person"
            self._say("", f"calls of {setting.kind} {how}, whatever the facts")

    def _uncovered(self, setting: Setting) -> None:
        """Cases that fall to the end of a table of autonomy, where the call might have passed."""
        for one in setting.answers.said:
            if not one.rule.endswith(f".{UNMATCHED}") or one.rule == NO_TABLE:
                continue
            open_ = setting.logic.negated(setting.answers.reaches[Outcome.DENY])
            if setting.logic.possible(one.fires, open_) is not Possible.YES:
                continue
            case = setting.finder.find([one.fires, open_], one.facts)
            table = one.rule.removesuffix(f".{UNMATCHED}")
            text = f"no row of {table} covers every call of {setting.kind}: an approver signs those"
            self._say(one.rule, text, case=case)

    def _lives(self) -> None:
        lonely = {rule: found for rule, found in self.firings.items()
                  if not any(one.life is Life.LIVE for one in found)}  # fmt: skip
        for rule, found in lonely.items():
            lives = {one.life for one in found}
            what = f"row {rule}" if found[0].row else rule
            if Life.UNTOLD in lives:
                self._say(rule, f"{what}: whether it ever matters could not be decided in time")
            elif lives == {Life.NEVER}:
                how = "can never be reached" if found[0].row else "can never fire"
                self._say(rule, f"{what} {how}: no facts within the declared bounds fit it")
            else:
                by = tuple(dict.fromkeys(name for one in found for name in one.by))
                back = lonely.get(by[0], []) if len(by) == 1 else []
                twins = bool(back) and all(one.by in ((rule,), ()) for one in back)
                if not twins or self._place(by[0]) < self._place(rule):
                    self._say(rule, _shadowed(what, found[0], by, twins))


def _shadowed(what: str, firing: Firing, by: tuple[str, ...], twins: bool) -> str:
    who = " or ".join(by) or "another rule"
    if twins:
        return f"{what} says what {who} says already: they fire for the same calls"
    if firing.row or firing.outcome is Outcome.ALLOW:
        return f"{what} never matters: {who} denies whenever it comes to it"
    if firing.outcome is Outcome.DENY:
        return f"{what} is redundant: {who} already denies whenever it fires"
    return f"{what} is redundant: {who} answers at least as strictly whenever it fires"


def _meant(setting: Setting) -> bool:
    """Whether the pack has a table for these calls, and no row of it lets any of them pass."""
    gates = [row.gate for table in setting.pack.tables if setting.kind in table.on
             for row in table.rows if row.gate is not None]  # fmt: skip
    return bool(gates) and not _FREE.intersection(gates)
