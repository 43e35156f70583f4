"""The offline planner's own sentence: in the language or not at all, stable, claiming nothing."""

from __future__ import annotations

import pytest

from agent.planners.words import opening
from prompts.messages import fill
from tests.tools.pictures import library

KEYS = [f"jrn_{n}" for n in range(40)]


@pytest.mark.parametrize("language", ["en", "de", None])
@pytest.mark.parametrize("with_offer", [True, False])
def test_every_sentence_fits_the_messages_slot_and_the_brands_claims(
    language: str | None, with_offer: bool
) -> None:
    name = "cart_reminder_offer" if with_offer else "cart_reminder"
    file = library().pick_message(name, locale=language, language=language)
    assert file is not None
    sentences = {opening(language, key=key, with_offer=with_offer) for key in KEYS}
    assert len(sentences) > 1
    for sentence in sentences:
        assert sentence is not None
        filled = fill(
            file, library().brand, planner={"opening": sentence}, profile={"first_name": "Ada"},
            cart={"lines": [("Lamp", 1)], "value_minor": 100, "currency": "EUR", "url": None},
            offer={"code": "ALBA-9F3K", "discount_bp": 1_000, "expires_at": 1_772_712_000_000_000},
            zone="Europe/Berlin",
        )  # fmt: skip
        assert filled["opening"] == sentence
        assert not any(character.isdigit() or character in "%€$" for character in sentence)


def test_the_same_journey_always_reads_the_same_and_not_everybody_does() -> None:
    assert opening("en", key="jrn_1", with_offer=False) == opening(
        "en", key="jrn_1", with_offer=False
    )


def test_in_another_language_the_messages_own_words_stand() -> None:
    assert opening("fr", key="jrn_1", with_offer=False) is None
