"""The one sentence that the offline planner may write, in the customer's language.

A few plain ones by language and occasion, chosen by a stable hash, so that the same decision always
says the same and not everybody reads the same. None claims anything.
"""

from __future__ import annotations

from hashlib import sha256

_SENTENCES = {
    ("en", False): (
        "You left something in your cart, and we kept it for you.",
        "Your cart is as you left it, in case you would like to finish.",
        "Still thinking it over? Everything is where you left it.",
    ),
    ("en", True): (
        "You left something in your cart, and here is a little help with it.",
        "Your cart is as you left it, and it has become a bit kinder.",
    ),
    ("de", False): (
        "Sie haben etwas in Ihrem Warenkorb gelassen, wir haben es aufgehoben.",
        "Ihr Warenkorb ist noch so, wie Sie ihn verlassen haben.",
        "Noch am Überlegen? Alles liegt noch da, wo Sie es gelassen haben.",
    ),
    ("de", True): (
        "Sie haben etwas in Ihrem Warenkorb gelassen, und wir kommen Ihnen ein Stück entgegen.",
        "Ihr Warenkorb ist noch da, und er ist etwas freundlicher geworden.",
    ),
}


def opening(language: str | None, *, key: str, with_offer: bool) -> str | None:
    """A sentence in this language; None where we have none, and the message's own stands."""
    sentences = _SENTENCES.get((language or "en", with_offer))
    if sentences is None:
        return None
    return sentences[sha256(key.encode()).digest()[0] % len(sentences)]
