"""The closed vocabulary of what an allowed call still owes, and how two of a kind combine."""

from typing import Any, Final

DEFER_UNTIL_LOCAL: Final = "defer_until_local"
CAP_DISCOUNT_BP: Final = "cap_discount_bp"
CAP_AMOUNT_MINOR: Final = "cap_amount_minor"
REQUIRE_FOOTER: Final = "require_footer"
REQUIRE_WORDING: Final = "require_wording"
NOT_BEFORE_US: Final = "not_before_us"
SPREAD_UNTIL_US: Final = "spread_until_us"

VOCABULARY: Final[dict[str, str]] = {
    DEFER_UNTIL_LOCAL: "hold the message until this local time, such as 08:00; the latest wins",
    CAP_DISCOUNT_BP: "no discount above this many basis points; the lowest wins",
    REQUIRE_WORDING: "carry the brand's disclosure of this name; all that are named are owed",
    REQUIRE_FOOTER: "carry the brand's footer with postal address and unsubscribe link",
}
"""What a pack may write after `then:`; more are computed, never written.

`not_before_us` is when a message that is put off may leave, `spread_until_us` until when it may
leave as well as then, so that not everybody's messages leave at once. `cap_amount_minor` comes
from tables.
"""


def clock(minute: int) -> str:
    """A minute of the day as `08:00`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def lower(owed: dict[str, Any], name: str, limit: int) -> None:
    """Add a limit; of two of one name, the lower one is owed."""
    owed[name] = min(limit, owed.get(name, limit))


def require_wording(owed: dict[str, Any], name: str) -> None:
    """Add a disclosure that the message must carry; of several, each is owed."""
    owed[REQUIRE_WORDING] = sorted({*owed.get(REQUIRE_WORDING, ()), name})
