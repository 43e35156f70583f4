"""The approval queue for people: what is asked, and their answers, decided once (P9).

An answer is a compare-and-set and a wake-up in one unit; its consequence is drawn in the customer's
lane, where the gate speaks again. A question that is somebody's is answered by them; whoever could
answer may take it over first, and that is written down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, select

from agent import questions
from agent.errors import Conflict, Forbidden, Invalid, NotFound, UsherError
from agent.messages import Answer, BatchAnswer
from agent.paging import Page, checked_limit, page_of
from agent.questions import NEEDS
from agent.raising import raise_budgets
from store import approvals, principals, wakeups
from store.approvals import EVERYBODYS, Whose
from store.clock import Clock
from store.database import Database
from store.principals import Principal
from store.schema import decisions
from store.sealing import Vault
from tools.packs import PackShelf
from tools.registry import TOOLS

_BECOMES = {
    "approve": "approved",
    "edit": "edited",
    "reject": "rejected",
    "respond": "responded",
}


class Approving:
    """The queue. `wake` starts a customer's lane."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        shelf: PackShelf,
        pack_name: str,
        wake: Callable[[str], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._shelf = shelf
        self._pack_name = pack_name
        self._wake = wake

    async def listing(
        self, *, status: str | None, after: str | None, limit: int, whose: Whose = EVERYBODYS
    ) -> Page:
        """Questions in the order in which they were asked; `status` None: all of them."""
        checked_limit(limit)
        rows = await self._db.read(
            questions.listed,
            self._db.vault,
            status=status,
            whose=whose,
            after=after,
            limit=limit + 1,
        )
        return page_of(rows, limit=limit, key="id")

    async def get(self, approval_id: str) -> dict[str, Any]:
        """One question. Raises `NotFound`, and `Gone` once its person is erased."""
        found = await self._db.read(questions.one, self._db.vault, approval_id)
        if found is None:
            raise NotFound(f"there is no approval {approval_id}")
        return found

    def form(self, tool: str) -> dict[str, Any]:
        """What an edit of this tool's call may say, as a JSON schema."""
        return TOOLS[tool].schema

    def check_edit(self, tool: str, args: dict[str, Any]) -> None:
        """Raises `Invalid` where these arguments do not fit the tool, naming each."""
        _check_edit(tool, args)

    async def answerers(self, approval_id: str) -> list[str]:
        """Who may answer a question, by name: everybody with the role but whoever asked."""
        asked = await self.get(approval_id)
        return await self._db.read(
            _answerers, needed=NEEDS[asked["outcome"]], but=asked["requested_by"]
        )

    async def answer(self, approval_id: str, answer: Answer, *, by: Principal) -> dict[str, Any]:
        """Decide, or assign. Raises `Forbidden` for the role and for a question that is somebody
        else's, `Conflict` where somebody, or time, was first."""
        question = await self.get(approval_id)
        needed = NEEDS[question["outcome"]]
        if not by.may(needed):
            raise Forbidden(f"this question is for the role {needed}; {by.name} is {by.role}")
        if answer.decision == "assign":
            await self._assign(question, answer, by=by)
            return await self.get(approval_id)
        if question["requested_by"] == by.name:
            raise Forbidden("whoever asks does not answer")
        if question["status"] == "pending" and question["assignee"] not in (None, by.name):
            raise Forbidden(_somebodys(question["assignee"]))
        if answer.decision == "edit":
            _check_edit(question["call"]["tool"], answer.args or {})
        decided = await self._db.write(
            _decide,
            self._db.vault,
            self._shelf,
            approval_id,
            pack_name=self._pack_name,
            answer=answer,
            by=by.name,
            now_us=self._clock.now_us(),
        )
        if not decided:
            await self._too_late(approval_id, by)
        self._wake(question["customer_id"])
        return await self.get(approval_id)

    async def answer_many(self, batch: BatchAnswer, *, by: Principal) -> list[dict[str, Any]]:
        """Decide many questions of the outcome `review`, each by itself: what became of each."""
        said = Answer(decision=batch.decision, reason=batch.reason)
        return [await self._one_of_many(approval_id, said, by) for approval_id in batch.ids]

    async def _one_of_many(self, approval_id: str, said: Answer, by: Principal) -> dict[str, Any]:
        try:
            question = await self.get(approval_id)
            if question["outcome"] != "review":
                why = "this one needs a signature of its own"
                return _became(approval_id, "one_by_one", why)
            done = await self.answer(approval_id, said, by=by)
        except Forbidden as error:
            return _became(approval_id, "not_yours", str(error))
        except Conflict as error:
            now = await self.get(approval_id)
            late = now["status"] in ("pending", "lapsed")
            became = _became(approval_id, "lapsed" if late else "already", str(error))
            return became | {"status": now["status"], "decided_by": now["decided_by"]}
        except UsherError as error:
            return _became(approval_id, "unknown", str(error))
        became = _became(approval_id, "decided", f"this question is {done['status']} now")
        return became | {"status": done["status"], "decided_by": done["decided_by"]}

    async def _assign(self, question: dict[str, Any], answer: Answer, *, by: Principal) -> None:
        done = await self._db.write(
            _assign,
            self._db.vault,
            question["id"],
            to=answer.assignee,
            needed=NEEDS[question["outcome"]],
            reason=answer.reason,
            by=by.name,
            now_us=self._clock.now_us(),
        )
        if not done:
            await self._too_late(question["id"], by)

    async def _too_late(self, approval_id: str, by: Principal) -> None:
        now = await self.get(approval_id)
        if now["status"] == "pending" and now["due_at"] > self._clock.now_us():
            raise Forbidden(_somebodys(now["assignee"] or "somebody else"))
        if now["status"] == "pending":
            raise Conflict("nobody answered this question in time, so it was not done")
        who = f" by {now['decided_by']}" if now["decided_by"] else ""
        raise Conflict(f"this question is {now['status']} already{who}")


def _became(approval_id: str, result: str, said: str) -> dict[str, Any]:
    return {"id": approval_id, "result": result, "said": said, "status": None, "decided_by": None}


def _somebodys(assignee: str) -> str:
    return f"this question is for {assignee}; whoever may answer it can take it over first"


def _check_edit(tool: str, args: dict[str, Any]) -> None:
    try:
        TOOLS[tool].args.model_validate(args)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)
        )
        raise Invalid(f"these arguments do not fit {tool}: {said}") from None


def _answerers(conn: Connection, *, needed: str, but: str) -> list[str]:
    names = [str(row.name) for row in principals.listing(conn) if row.name != but]
    found = (principals.of_name(conn, name) for name in names)
    return [person.name for person in found if person is not None and person.may(needed)]


def _decide(
    conn: Connection,
    vault: Vault,
    shelf: PackShelf,
    approval_id: str,
    *,
    pack_name: str,
    answer: Answer,
    by: str,
    now_us: int,
) -> bool:
    row = approvals.get(conn, approval_id)
    if row is None or row.due_at <= now_us:
        return False
    status = _BECOMES[answer.decision]
    if not approvals.settle(conn, approval_id, status=status, by=by, at=now_us):
        return False
    body = vault.open_json("approvals.body", row.body_sealed)
    body |= {"reason": answer.reason}
    if answer.args is not None:
        body["args"] = answer.args
    if status == "approved":
        asked = select(decisions.c.goal).where(decisions.c.id == row.decision_id)
        pack = shelf.live(conn, pack_name, conn.execute(asked).scalar())
        body["raised"] = list(
            raise_budgets(conn, pack, body, approval_id=approval_id, by=by, now_us=now_us)
        )
    approvals.amend(conn, vault, approval_id, body)
    wakeups.cancel(conn, "approval_lapse", approval_id)
    wakeups.schedule_due(
        conn,
        kind="approval_decided",
        ref=approval_id,
        at=now_us,
        customer_id=row.customer_id,
    )
    return True


def _assign(
    conn: Connection,
    vault: Vault,
    approval_id: str,
    *,
    to: str | None,
    needed: str,
    reason: str | None,
    by: str,
    now_us: int,
) -> bool:
    row = approvals.get(conn, approval_id)
    if row is None:
        return False
    if to is not None:
        person = principals.of_name(conn, to)
        if person is None:
            raise Invalid(f"assignee: there is nobody of the name '{to}' with a key in use")
        if not person.may(needed):
            raise Invalid(f"assignee: {to} is {person.role}; this question is for {needed}")
        if to == row.requested_by:
            raise Invalid("assignee: whoever asks does not answer")
    if not approvals.assign(conn, approval_id, to=to, at=now_us):
        return False
    body = vault.open_json("approvals.body", row.body_sealed)
    step = {"to": to, "by": by, "at": now_us, "reason": reason}
    approvals.amend(
        conn, vault, approval_id, body | {"assigned": [*body.get("assigned", []), step]}
    )
    return True
