"""What the approvals page says about each thing that can be done with a question, and its keys."""

from __future__ import annotations

from nicegui.events import KeyEventArguments

HEADS = {
    "edit": "Edit the call",
    "respond": "Answer the agent",
    "reject": "Reject",
    "assign": "Who answers this question",
}
GIVEN = "It is for them alone until they, or whoever may answer too, give it to somebody else."
NOTES = {
    "respond": "The call is not made. The agent reads your words and plans again.",
    "reject": "The call is not made and the decision ends here; the reason stays with it.",
}
FOCUS = """setTimeout(() => document.querySelector(
  ".u-main textarea, .u-main input, .u-main select")?.focus(), 0)"""


def with_modifier(event: KeyEventArguments) -> bool:
    """Whether a key came with another one that makes it the browser's."""
    held = event.modifiers
    return held.alt or held.ctrl or held.meta
