"""The closed vocabulary of what an allowed call still owes, and how two of a kind combine."""

from typing import Any, Final

DEFER_UNTIL_LOCAL: Final = "defer_until_local"
CAP_DISCOUNT_BP: Final = "cap_discount_bp"
REQUIRE_FOOTER: Final = "require_footer"
NOT_BEFORE_US: Final = "not_before_us"
SPREAD_UNTIL_US: Final = "spread_until_us"

VOCABULARY: Final[dict[str, str]] = {
    DEFER_UNTIL_LOCAL: "hold the message until this local time, such as 08:00; the latest wins",
    CAP_DISCOUNT_BP: "no discount above this many basis points; the lowest wins",
    REQUIRE_FOOTER: "carry the brand's footer with postal address and unsubscribe link",
}
"""What a pack may write after `then:`; two more are computed, never written.

`not_before_us` is when a message that is put off may leave, `spread_until_us` until when it may
leave as well as then, so that not everybody's messages leave at once.
"""


def clock(minute: int) -> str:
    """A minute of the day as `08:00`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def cap_discount(owed: dict[str, Any], limit: int) -> None:
    """Add a discount limit; of two, the lower one is owed."""
    owed[CAP_DISCOUNT_BP] = min(limit, owed.get(CAP_DISCOUNT_BP, limit))
