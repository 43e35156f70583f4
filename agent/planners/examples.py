"""One worked example of each tool's arguments, for models that learn a tool from seeing it used.

The smaller a model, the more it needs them: without, ids lose their prefix. Each example is held
against the tool's own schema by a test, so a new tool comes with one.
"""

from __future__ import annotations

from typing import Any, Final

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "get_profile": {},
    "get_inventory": {},
    "get_margin": {"discount_bp": 1_000},
    "get_offer_history": {},
    "recall_memory": {"query": "complaints about deliveries"},
    "create_offer": {"discount_bp": 500, "valid_hours": 72},
    "send_email": {
        "message": "a_message_of_yours",
        "slots": {"a_slot_of_it": "Your walnut tray is still where you left it."},
        "offer_id": None,
        "useful_until": "2026-01-07T10:00:00Z",
    },
    "send_sms": {
        "message": "a_short_message_of_yours",
        "slots": {},
        "offer_id": None,
        "useful_until": "2026-01-06T18:00:00Z",
    },
    "suppress_customer": {
        "scope": "purpose",
        "channel": None,
        "reason": "they wrote that they want no more offers",
    },
    "cancel_subscription": {
        "subscription_id": "sub-77",
        "effective": "period_end",
        "reason": "The customer moves abroad",
    },
    "issue_voucher": {"amount_minor": 5000, "valid_days": 365},
    "create_ticket": {
        "queue": "service",
        "priority": "normal",
        "summary": "The tray arrived with a crack; they ask for another one.",
    },
    "escalate": {"reason": "An event that no file names came in; a person should look first."},
    "check_back": {"after_minutes": 1_440, "because": "the tray is expected back tomorrow"},
    "finish": {"because": "No channel has both an address and consent.", "outcome": "declined"},
}
