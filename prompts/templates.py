"""Templates of messages: text with `{{ slot }}` and `{% if slot %}`, and nothing else of Jinja.

What a template may hold is decided when it is loaded, on its syntax tree, so that no message can
loop, call, or reach into an object; the sandbox stays behind that. Slots are data: they are never
templates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from prompts.source import Source

_PLAIN = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_HTML = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
for _environment in (_PLAIN, _HTML):
    _environment.globals.clear()
    _environment.filters.clear()
    _environment.tests.clear()

_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.If,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
_NO_TAGS: Final = frozenset(
    (
        "script",
        "style",
        "iframe",
        "object",
        "embed",
        "form",
        "input",
        "button",
        "base",
        "link",
        "meta",
        "svg",
        "math",
        "frame",
    )
)
_LINKS: Final = frozenset(("href", "src"))
_EXPRESSION = re.compile(r"{{-?\s*(\w+)\s*-?}}")
_STATEMENT = re.compile(r"{%.*?%}|{#.*?#}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a message's body: its text and the line of the file it starts on."""

    text: str
    line: int


def check(section: Section, source: Source, *, html: bool, urls: frozenset[str]) -> set[str]:
    """Note what a template may not hold; give the slots it uses. `urls`: slots that are links."""
    try:
        tree = (_HTML if html else _PLAIN).parse(section.text)
    except TemplateSyntaxError as error:
        line = section.line + error.lineno - 1
        source.say_at(line, 1, f"the template cannot be read: {error.message}")
        return set()
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            source.say_at(
                section.line + (node.lineno or 1) - 1,
                1,
                "a message may hold {{ slot }} and {% if slot %} only; "
                f"'{type(node).__name__.lower()}' is not for messages",
            )
    if html:
        _check_html(section, source, urls)
    return {node.name for node in tree.find_all(nodes.Name)}


def fixed_text(section: Section) -> list[tuple[int, str]]:
    """The reviewed words of a template with their lines: everything that is not a slot."""
    try:
        tree = _PLAIN.parse(section.text)
    except TemplateSyntaxError:
        return []
    return [(section.line + n.lineno - 1, n.data) for n in tree.find_all(nodes.TemplateData)]


def compile_text(text: str, *, html: bool) -> Template:
    """Compile a checked template."""
    return (_HTML if html else _PLAIN).from_string(text)


def write(template: Template, slots: Mapping[str, str]) -> str:
    """Render a checked template."""
    return template.render(dict(slots))


def _check_html(section: Section, source: Source, urls: frozenset[str]) -> None:
    marked = _EXPRESSION.sub(lambda m: f"slot--{m[1]}--", section.text)
    reader = _HtmlCheck(section, source, urls)
    # A statement keeps its line breaks, so that lines stay what they are in the file.
    reader.feed(_STATEMENT.sub(lambda m: "\n" * m[0].count("\n"), marked))
    reader.close()


class _HtmlCheck(HTMLParser):
    """Slots stand in text, or are the whole quoted value of href or src; nothing that runs."""

    def __init__(self, section: Section, source: Source, urls: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._section, self._source, self._urls = section, source, urls

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check one tag."""
        if tag in _NO_TAGS or "slot--" in tag:
            self._say(f"<{tag}> is not for messages")
        raw = self.get_starttag_text() or ""
        for name, value in attrs:
            value = value or ""
            if name.startswith("on") or "slot--" in name:
                self._say(f"the attribute '{name}' is not for messages")
            elif "slot--" in value:
                self._check_slot(name, value, raw)
            elif name in _LINKS and not value.startswith("https://"):
                self._say(f"'{name}' must be a slot that holds a link, or start with https://")

    def handle_comment(self, data: str) -> None:
        """Refuse comments: some mail programs read conditions in them."""
        self._say("HTML comments are not for messages")

    def handle_decl(self, decl: str) -> None:
        """Refuse a document's head: it is written around the fragment."""
        self._say("write the inside of the page only; the page around it is made for you")

    def _check_slot(self, name: str, value: str, raw: str) -> None:
        slot = value.removeprefix("slot--").removesuffix("--")
        if name not in _LINKS or slot not in self._urls or value != f"slot--{slot}--":
            self._say(
                f"in '{name}' a slot must be a whole link, such as href=\"{{{{ cart_url }}}}\""
            )
        elif f'"{value}"' not in raw and f"'{value}'" not in raw:
            self._say(f"the value of '{name}' needs quotes")

    def _say(self, text: str) -> None:
        line, col = self.getpos()
        self._source.say_at(self._section.line + line - 1, col + 1, text)
