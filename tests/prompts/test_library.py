"""The library: the shipped files fit together, a folder lies over them, a broken set is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts.library import Library
from prompts.problems import PromptError
from tests.prompts.files import AGENT, BRAND, EMAIL, RULES, SMS, swapped

FILES = {
    "brand.md": BRAND,
    "shopping.md": AGENT,
    "shopping.rules.yaml": RULES,
    "messages/reminder.en.md": EMAIL,
    "messages/short.en.md": SMS,
}
TOOLS = {
    *("get_profile", "get_inventory", "get_margin", "get_offer_history", "recall_memory"),
    *("create_offer", "send_email", "send_sms", "suppress_customer", "create_ticket"),
    *("escalate", "check_back", "finish"),
}


def problems(**changed: str) -> list[str]:
    texts = {**FILES, **{name.replace("__", "/"): text for name, text in changed.items()}}
    with pytest.raises(PromptError) as caught:
        Library.build(texts)
    return str(caught.value).split("\n")


def test_the_shipped_files_fit_together_and_list_all_thirteen_tools() -> None:
    library = Library.read(tools=TOOLS)
    agent = library.agents["shopping"]
    assert set(agent.tools) == TOOLS
    assert library.agent_for("recover_cart") is agent
    assert library.rules["shopping"].trigger.event == "Cart Abandoned"
    for name in agent.messages:
        assert set(library.messages[name]) == {"en", "de"}


def test_the_locale_is_the_persons_then_their_language_then_the_default() -> None:
    library = Library.read()

    def locale(of: str | None, language: str | None) -> str | None:
        found = library.pick_message("cart_reminder", locale=of, language=language)
        return found.locale if found else None

    assert locale("de-AT", None) == "de"
    assert locale("de_AT", "en") == "en"
    assert locale("DE", None) == "de"
    assert locale("fr-FR", "de") == "de"
    assert locale("fr-FR", None) == "en"
    assert locale(None, None) == "en"
    assert library.pick_message("no_such", locale="en", language="en") is None


def test_p6_a_message_without_a_default_is_not_sent_to_strangers() -> None:
    library = Library.build(FILES)
    assert library.pick_message("short", locale="de", language="fr") is None


def test_p14_a_marketing_agent_with_a_service_message_is_refused() -> None:
    service = EMAIL.replace("class: marketing", "class: service")
    service = service.replace("purpose: marketing", "purpose: service")
    with pytest.raises(PromptError) as caught:
        Library.build({**FILES, "messages/reminder.en.md": service})
    assert str(caught.value) == (
        "shopping.md:7:12: 'reminder' (en) is a service message for service; "
        "this agent's purpose is marketing"
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "shopping.md",
            "[reminder]",
            "[remindr]",
            "shopping.md:7:12: there is no message 'remindr'",
        ),
        ("shopping.rules.yaml", "message: reminder", "message: short", "lists no message 'short'"),
        ("shopping.rules.yaml", "recover_cart", "retain", "'retain' is no goal of the agent"),
        (
            "shopping.rules.yaml",
            "{message: reminder}",
            "{message: reminder, offer: {discount_bp: 500, valid_hours: 24}}",
            "'reminder' names no discount",
        ),
        (
            "shopping.rules.yaml",
            "{message: reminder}",
            "{message: reminder, slots: {cart_url: x}}",
            "has no slot 'cart_url' that is yours",
        ),
        ("brand.md", "  en: {why", "  fr: {why", "brand.md has no footer in 'en'"),
    ],
)
def test_files_that_do_not_fit_each_other_are_refused(
    name: str, old: str, new: str, expected: str
) -> None:
    lines = problems(**{name: swapped(FILES[name], old, new)})
    assert any(expected in line for line in lines), lines


def test_two_agents_for_one_goal_are_refused() -> None:
    lines = problems(**{"second.md": AGENT.replace("name: shopping", "name: second")})
    assert lines == ["shopping.md:3:9: 'recover_cart' is a goal of 'second' already"]


def test_locales_of_one_message_agree_on_what_it_is() -> None:
    french = EMAIL.replace("locale: en", "locale: en-GB").replace("opening", "intro")
    lines = problems(**{"messages/reminder.en-GB.md": french})
    assert any("the planner's slots differ" in line for line in lines)
    assert any("is this message's default" in line for line in lines)


def test_problems_of_all_files_are_told_together() -> None:
    lines = problems(
        **{"shopping.md": AGENT.replace("name:", "nam:"), "brand.md": BRAND.replace("sender", "x")}
    )
    assert {line.partition(":")[0] for line in lines} == {"shopping.md", "brand.md"}


def test_a_set_without_a_brand_is_refused() -> None:
    with pytest.raises(PromptError, match=r"brand\.md:1:1: there is no brand\.md"):
        Library.build({"messages/short.en.md": SMS})


def test_a_folder_of_ones_own_lies_over_the_shipped_files(tmp_path: Path) -> None:
    shipped = Library.read()
    assert Library.read(tmp_path / "none").digest() == shipped.digest()
    (tmp_path / "messages").mkdir()
    text = shipped.files["messages/cart_reminder.en.md"].replace("still here", "waiting")
    (tmp_path / "messages" / "cart_reminder.en.md").write_text(text, encoding="utf-8")
    (tmp_path / "README.md").write_text("notes of the team")
    mine = Library.read(tmp_path)
    assert "waiting" in mine.messages["cart_reminder"]["en"].subject
    assert mine.messages["cart_reminder"]["de"] == shipped.messages["cart_reminder"]["de"]
    assert mine.digest() != shipped.digest()


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "brand.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PromptError, match="cannot be read"):
        Library.read(tmp_path)
