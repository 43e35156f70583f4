"""What the doctor says of the world outside: which hosts are told what, and whether they can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel

from agent.doctor import Line, Look, check
from agent.doctor_machine import shown
from agent.settings import Settings
from tools.channels.addresses import on_this_machine

_ANSWERS_WITHIN_S = 5.0
_OPENAI: Final = "https://api.openai.com/v1"
#: Tables that say whom we hear from; nothing is sent by them.
_INWARD: Final = frozenset({"receipts"})


@check("planner")
def _planner(look: Look) -> Iterator[Line]:
    settings = look.settings
    if not settings.plans_with_model:
        yield Line("ok", "plans offline, by rules and scores: nothing leaves this machine")
        return
    url = settings.llm_base_url or _OPENAI
    leaves = _away(url)
    if leaves is None:
        yield Line("ok", f"{settings.llm_model} at {shown(url)}, on this machine")
        return
    said = f"{settings.llm_model} at {leaves}: what an agent knows of a case leaves this machine"
    if url.startswith("http://"):
        yield Line("warn", f"{said}, in the clear", "give an https:// address", leaves)
    elif settings.llm_api_key is None:
        yield Line("warn", f"{said}; no key is set", "set USHER_LLM_API_KEY if it asks for one",
                   leaves)  # fmt: skip
    else:
        yield Line("ok", said, leaves=leaves)


@check("memory")
def _memory(look: Look) -> Iterator[Line]:
    url = look.settings.chroma_url
    if url is None:
        yield Line("ok", f"vectors lie in {look.settings.data / 'memory'}: nothing leaves")
        return
    leaves = _away(url)
    where = f"Chroma at {shown(url)}" + ("" if leaves is None else ": turned vectors and ids leave")
    try:
        httpx.get(f"{url}/api/v2/heartbeat", timeout=_ANSWERS_WITHIN_S, trust_env=False)
    except httpx.HTTPError as fault:
        said = f"{where}; it does not answer: {type(fault).__name__}"
        yield Line("fail", said, "start it, or mend USHER_CHROMA_URL", leaves)
        return
    yield Line("ok", where, leaves=leaves)


@check("channels and systems")
def _tables(look: Look) -> Iterator[Line]:
    """Every table of `usher.toml` with a provider: its host, and whether its secrets are set."""
    found = 0
    for section in Settings.model_fields:
        tables = getattr(look.settings, section)
        if not isinstance(tables, dict):
            continue
        for name, table in sorted(tables.items()):
            if isinstance(table, BaseModel):
                found += 1
                hosts = [] if section in _INWARD else _hosts(look, table)
                yield _table(look, f"{section}.{name}", table, hosts)
                for host in hosts[1:]:
                    yield Line("ok", f"{section}.{name} also asks {host}", leaves=host)
    if not found:
        yield Line("ok", "none is set up: messages lie in the outbox, and nobody gets one")
    only = look.settings.send_only_to
    if only is not None and look.settings.channels:
        yield Line("ok", f"real channels reach only: {', '.join(only)}")


def _hosts(look: Look, table: BaseModel) -> list[str]:
    """The hosts outside this machine that a table names, each once."""
    places: list[str] = []
    for name, value in _values(table).items():
        if value and name == "subdomain":
            places.append(f"{value}.{_values(table)['provider']}.com")
        elif value and name.endswith("url_env"):
            places.append(look.environ.get(str(value), ""))
        elif value and (name == "host" or name.endswith("url")):
            places.append(str(value))
    found = [host for place in places if (host := _away(place)) is not None]
    return list(dict.fromkeys(found))


def _values(table: BaseModel) -> dict[str, object]:
    return {name: getattr(table, name) for name in type(table).model_fields}


def _table(look: Look, name: str, table: BaseModel, hosts: list[str]) -> Line:
    values = _values(table)
    provider = str(values.get("provider", "unknown"))
    leaves = hosts[0] if hosts else None
    secrets = [str(v) for field, v in values.items() if field.endswith("_env") and v]
    unset = [variable for variable in secrets if not look.environ.get(variable)]
    files = [v for field, v in values.items() if field.endswith("_file") and isinstance(v, Path)]
    missing = [str(file) for file in files if not file.is_file()]
    at = "" if leaves is None else f" at {leaves}"
    said = f"{name}: {provider}{at}"
    if unset:
        todo = f"set {', '.join(unset)} in the environment of the server"
        return Line("fail", f"{said}; the secret is not set here", todo, leaves)
    if missing:
        return Line("fail", f"{said}; {missing[0]} is not there", "put the file back", leaves)
    if secrets:
        said += "; its secret is set"
    return Line("ok", said, leaves=leaves)


@check("public address")
def _public(look: Look) -> Iterator[Line]:
    url = look.settings.public_url
    mails = [c for c in look.settings.channels.values() if c.provider != "outbox"]
    if url is None:
        if mails:
            yield Line(
                "warn",
                "not set, so that no letter can hold a link to unsubscribe, and none goes out live",
                "set USHER_PUBLIC_URL to where this server is reached from outside",
            )
        else:
            yield Line("ok", "not set; needed before marketing goes out live")
    elif url.startswith("http://"):
        todo = "give an https:// address; mailbox providers ask for it"
        yield Line("warn", f"{shown(url)} is not encrypted", todo)
    else:
        yield Line("ok", shown(url))


def _away(place: str) -> str | None:
    """The host of a URL, or a host, where it is not this machine's."""
    host = urlsplit(place).hostname if "://" in place else place.rpartition("@")[2]
    return None if not host or on_this_machine(host) else host
