"""The library: all agents, rule-based twins, messages and the brand, read and checked together.

The shipped files come with the package; a folder of the deployment's own lies over them, file by
file. Nothing of a broken set is used: `PromptError` names every problem of every file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from prompts.agents import AgentFile, read_agent
from prompts.brand import Brand, read_brand
from prompts.messages import MessageFile, read_message
from prompts.problems import Problem, PromptError, did_you_mean
from prompts.rules import RulesFile, read_rules, sends
from prompts.slots import SlotSource
from prompts.source import Source

SHIPPED = Path(__file__).parent
_BRAND = "brand.md"


@dataclass(frozen=True)
class Library:
    """Everything people wrote. `messages`: by name, then by locale; `rules`: by agent."""

    agents: Mapping[str, AgentFile]
    rules: Mapping[str, RulesFile]
    messages: Mapping[str, Mapping[str, MessageFile]]
    brand: Brand
    files: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path | None = None, *, tools: Collection[str] | None = None) -> Library:
        """Read the shipped files with a folder's over them. `tools`: names an agent may list."""
        own = texts_of(folder) if folder is not None else {}
        return cls.build({**texts_of(SHIPPED), **own}, tools=tools)

    @classmethod
    def build(cls, texts: Mapping[str, str], *, tools: Collection[str] | None = None) -> Library:
        """Make a library of texts by their names, such as `shopping.md` and `messages/a.en.md`."""
        shelf = _Shelf()
        for name in sorted(texts):
            shelf.put(name, texts[name], tools)
        shelf.check()
        problems = [problem for source in shelf.sources for problem in source.problems]
        if problems or shelf.brand is None:
            raise PromptError(problems or [Problem(_BRAND, 1, 1, "there is no brand.md")])
        return cls(
            agents={agent.name: agent for agent, _ in shelf.agents},
            rules={rules.agent: rules for rules, _ in shelf.rules},
            messages={
                name: {m.locale: m for m, _ in shelf.messages if m.name == name}
                for name in sorted({message.name for message, _ in shelf.messages})
            },
            brand=shelf.brand,
            files=dict(sorted(texts.items())),
        )

    def pick_message(
        self, name: str, *, locale: str | None, language: str | None
    ) -> MessageFile | None:
        """The message in the person's locale, else their language, else its default; else None."""
        by_locale = self.messages.get(name, {})
        wanted = [tag.replace("_", "-") for tag in (locale, language) if tag]
        folded = {tag.lower(): message for tag, message in by_locale.items()}
        for tag in [*wanted, *(tag.partition("-")[0] for tag in wanted)]:
            if tag.lower() in folded:
                return folded[tag.lower()]
        return next((m for m in by_locale.values() if m.default), None)

    def agent_for(self, goal: str) -> AgentFile | None:
        """The agent that pursues a goal."""
        return next((agent for agent in self.agents.values() if goal in agent.goals), None)

    def digest(self) -> str:
        """A sha256 over every file's name and text: equal only where all words are equal."""
        total = hashlib.sha256()
        for name, text in sorted(self.files.items()):
            for part in (name.encode(), text.encode()):
                total.update(len(part).to_bytes(8, "big") + part)
        return total.hexdigest()


def texts_of(root: Path) -> dict[str, str]:
    """Every file of a folder by its name. Raises `PromptError` where one cannot be read."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for path in _files(root):
        try:
            texts[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(str(path), 1, 1, f"cannot be read: {error}"))
    if problems:
        raise PromptError(problems)
    return texts


class _Shelf:
    """What has been read, each with its source: problems between files have a place too."""

    def __init__(self) -> None:
        self.agents: list[tuple[AgentFile, Source]] = []
        self.rules: list[tuple[RulesFile, Source]] = []
        self.messages: list[tuple[MessageFile, Source]] = []
        self.brand: Brand | None = None
        self.sources: list[Source] = []

    def put(self, name: str, text: str, tools: Collection[str] | None) -> None:
        if name == _BRAND:
            self.brand, source = read_brand(text, name)
        elif name.startswith("messages/"):
            message, source = read_message(text, name)
            if message is not None:
                self.messages.append((message, source))
        elif name.endswith(".rules.yaml"):
            rules, source = read_rules(text, name)
            if rules is not None:
                self.rules.append((rules, source))
        else:
            agent, source = read_agent(text, name, tools=tools)
            if agent is not None:
                self.agents.append((agent, source))
        self.sources.append(source)

    def check(self) -> None:
        broken = any(source.problems for source in self.sources)
        if not broken:
            # Between broken files every finding would be a guess.
            self._check_agents()
            self._check_rules()
            self._check_messages()

    def _check_agents(self) -> None:
        owners: dict[str, str] = {}
        noticed: dict[str, str] = {}
        names = {message.name for message, _ in self.messages}
        for agent, source in self.agents:
            for n, goal in enumerate(agent.goals):
                if goal in owners:
                    source.say(("goals", n), f"'{goal}' is a goal of '{owners[goal]}' already")
                owners[goal] = agent.name
            for n, detect in enumerate(agent.detects):
                if detect.event in noticed:
                    by = noticed[detect.event]
                    source.say(("detects", n), f"'{detect.event}' is detected by '{by}' already")
                noticed[detect.event] = agent.name
            for n, name in enumerate(agent.messages):
                if name not in names:
                    hint = did_you_mean(name, names)
                    source.say(("messages", n), f"there is no message '{name}'{hint}")
            for message in self._of(agent):
                if message.purpose != agent.purpose:
                    n = agent.messages.index(message.name)
                    source.say(
                        ("messages", n),
                        f"'{message.name}' ({message.locale}) is a {message.message_class} message "
                        f"for {message.purpose}; this agent's purpose is {agent.purpose}",
                    )

    def _of(self, agent: AgentFile) -> Iterable[MessageFile]:
        return (message for message, _ in self.messages if message.name in agent.messages)

    def _check_rules(self) -> None:
        agents = {agent.name: agent for agent, _ in self.agents}
        for rules, source in self.rules:
            agent = agents.get(rules.agent)
            if agent is None:
                hint = did_you_mean(rules.agent, agents)
                source.say(("agent",), f"there is no agent '{rules.agent}'{hint}")
                continue
            for n, goal in enumerate(rules.goals):
                if goal not in agent.goals:
                    source.say(("goals", n), f"'{goal}' is no goal of the agent '{agent.name}'")
            for path, send in sends(rules):
                if send.message not in agent.messages:
                    hint = did_you_mean(send.message, agent.messages)
                    source.say(path, f"the agent lists no message '{send.message}'{hint}")
                    continue
                for message, _ in self.messages:
                    if message.name == send.message:
                        _check_send(message, send.offer is not None, send.slots, source, path)

    def _check_messages(self) -> None:
        first: dict[str, MessageFile] = {}
        defaults: dict[str, str] = {}
        for message, source in self.messages:
            like = first.setdefault(message.name, message)
            for key in ("message_class", "channel", "purpose", "names_discount", "disclosures"):
                if getattr(message, key) != getattr(like, key):
                    shown = key.removeprefix("message_")
                    source.say((shown,), f"'{shown}' differs from the file in '{like.locale}'")
            if _planned(message) != _planned(like):
                source.say(("slots",), f"the planner's slots differ from those in '{like.locale}'")
            if (
                message.default
                and defaults.setdefault(message.name, message.locale) != message.locale
            ):
                source.say(("default",), f"'{defaults[message.name]}' is this message's default")
            if self.brand is not None and self.brand.footer_in(message.locale) is None:
                source.say(("locale",), f"brand.md has no footer in '{message.locale}'")
            for n, name in enumerate(message.disclosures):
                if self.brand is not None and self.brand.disclosure(name, message.locale) is None:
                    hint = did_you_mean(name, self.brand.disclosures)
                    text = f"brand.md has no disclosure '{name}' in '{message.locale}'{hint}"
                    source.say(("disclosures", n), text)


def _planned(message: MessageFile) -> dict[str, str]:
    return {name: slot.type.value for name, slot in message.planner_slots.items()}


def _check_send(
    message: MessageFile,
    with_offer: bool,
    slots: Collection[str],
    source: Source,
    path: tuple[str | int, ...],
) -> None:
    if message.names_discount != with_offer:
        needs = "names a discount and needs 'offer'" if not with_offer else "names no discount"
        source.say(path, f"'{message.name}' {needs}")
    for slot in slots:
        if slot not in message.slots or message.slots[slot].source is not SlotSource.PLANNER:
            source.say(path, f"'{message.name}' has no slot '{slot}' that is yours to write")


def _files(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    found = [*root.glob("*.md"), *root.glob("*.rules.yaml"), *root.glob("messages/*.md")]
    return sorted(path for path in found if path.name.lower() != "readme.md")
