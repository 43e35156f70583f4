"""Questions that are alike, decided together: the same agent, message and rules, for many people.

Only what any operator may answer is put together. Before a group is decided each person's own words
can be read; each question is decided by itself, and what did not count is told with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from nicegui import ui
from pydantic import ValidationError

from agent.messages import BatchAnswer
from console import asking, fields
from console.components import button, card, text
from console.frame import Visit

_FEWEST = 2
_SAID = {
    "decided": "decided",
    "already": "decided by somebody else before",
    "lapsed": "lapsed, and that means not done",
    "not_yours": "for somebody else to answer",
    "one_by_one": "to be signed one by one",
    "unknown": "gone",
}


class Groups:
    """The groups of one tab. `changed` is called when some were decided."""

    def __init__(self, visit: Visit, changed: Callable[[], Awaitable[None]]) -> None:
        self._visit = visit
        self._changed = changed
        self._groups: list[list[dict[str, Any]]] = []
        self._names: Mapping[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._notice = ""
        self._busy = False

    def take(self, items: Sequence[dict[str, Any]], names: Mapping[str, str]) -> bool:
        """What waits now; True where the groups are other ones than before."""
        before = [[item["id"] for item in group] for group in self._groups]
        alike: dict[str, list[dict[str, Any]]] = {}
        for item in items:
            mine = item["assignee"] in (None, self._visit.who.name)
            asked_by_me = item["requested_by"] == self._visit.who.name
            if item["outcome"] == "review" and item["alike"] and mine and not asked_by_me:
                alike.setdefault(item["alike"], []).append(item)
        self._groups = [group for group in alike.values() if len(group) >= _FEWEST]
        self._names = names
        return [[item["id"] for item in group] for group in self._groups] != before

    @ui.refreshable_method
    def draw(self) -> None:
        """The groups, the largest first."""
        if self._notice:
            with ui.element("div").classes("u-notice").props('role="status"'):
                text(self._notice)
        for group in sorted(self._groups, key=len, reverse=True):
            self._one(group)

    def _one(self, group: list[dict[str, Any]]) -> None:
        first, many = group[0], len(group)
        what = mid(asking.title_of(first))
        may = self._visit.who.may("operator")
        with card(f"{many} alike: {what}"):
            text(f"Asked by {asking.asked_by(first['requested_by'])}.", "u-small")
            for fired in asking.rules_of(first):
                text(f"“{fired['because']}”")
            with ui.element("details"):
                with ui.element("summary").classes("u-small"):
                    ui.label("What each of them would get")
                for item in group:
                    self._person(item)
            key = first["alike"]
            fields.line(
                f"Reason for all {many}",
                self._reasons.get(key, ""),
                tell=lambda words: self._reasons.__setitem__(key, words),
            )
            ids = [item["id"] for item in group]
            with ui.element("div").classes("u-row"):
                button(
                    f"Approve all {many}",
                    lambda: self._answer("approve", key, ids),
                    kind="primary",
                    enabled=may,
                )
                button(
                    f"Reject all {many}",
                    lambda: self._answer("reject", key, ids),
                    kind="danger",
                    enabled=may,
                )

    def _person(self, item: Mapping[str, Any]) -> None:
        with ui.element("div").classes("u-fact"):
            with ui.link(target=f"/approvals/{item['id']}"):
                ui.label(self._names.get(item["customer_id"], "—"))
            words = (item["message"] or {}).get("text")
            text(words or "Nothing is written to them by this step.", "u-message")
            cost, notes = asking.cost_of(item)
            text("; ".join([f"costs {mid(cost)}", *notes]), "u-small")

    async def _answer(self, decision: str, key: str, ids: list[str]) -> None:
        if self._busy or not await self._visit.still_may("operator"):
            return
        self._busy = True
        try:
            reason = self._reasons.get(key, "").strip() or None
            try:
                batch = BatchAnswer.model_validate(
                    {"ids": ids, "decision": decision, "reason": reason}
                )
            except ValidationError:
                ui.notify("Write the reason first: it stays with each decision.", type="warning")
                return
            became = await self._visit.runs.approving.answer_many(batch, by=self._visit.who)
            counted = Counter(one["result"] for one in became)
            said = [f"{n} {_SAID[result]}" for result, n in counted.items()]
            self._notice = f"Of {len(became)}: {', '.join(said)}."
            self._reasons.pop(key, None)
            await self._changed()
            self.draw.refresh()
        finally:
            self._busy = False


def mid(words: str) -> str:
    """The words as they stand within a sentence."""
    return words[:1].lower() + words[1:]
