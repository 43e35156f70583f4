"""Fields of forms: native ones under the theme, each with its label, each telling what was typed.

What is typed is the browser's until it is sent; drawing other parts of the page anew leaves it as
it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from console.components import text

Told = Callable[[str], Any]
_VALUE = "(event) => emit(event.target.value)"


def line(label: str, value: str = "", *, tell: Told, note: str = "", kind: str = "text") -> Element:
    """One line of text. `kind` is the input's type; `tell` hears each change."""
    with _labelled(label, note):
        made = ui.element("input").classes("u-input").props(f"type={kind} autocomplete=off")
    return _typed(made, value, tell)


def lines(label: str, value: str = "", *, tell: Told, note: str = "", most: int = 500) -> Element:
    """Several lines of text, at most so many characters."""
    with _labelled(label, note):
        made = ui.element("textarea").classes("u-input").props(f"rows=3 maxlength={most}")
    return _typed(made, value, tell)


def choice(
    label: str, value: str, among: Mapping[str, str], *, tell: Told, note: str = ""
) -> Element:
    """One of several, by value; `among` has the words of each."""
    with _labelled(label, note), ui.element("select").classes("u-input") as made:
        for each, words in among.items():
            option = TextElement(tag="option", text=words)
            option._props["value"] = each
            if each == value:
                option._props["selected"] = True
    made.on("change", lambda event: tell(str(event.args)), js_handler=_VALUE)
    return made


@contextmanager
def _labelled(label: str, note: str) -> Iterator[None]:
    with ui.element("label").classes("u-field"):
        text(label, "u-strong")
        yield
        if note:
            text(note, "u-small")


def _typed(made: Element, value: str, tell: Told) -> Element:
    # A `value` would be written back over what was typed whenever the page is drawn.
    made._props["defaultValue"] = value
    made.on("input", lambda event: tell(str(event.args)), js_handler=_VALUE)
    return made
