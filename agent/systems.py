"""Receivers of connected systems, made from settings: what one needs is there at the start, or the
start says what not.

The registry of providers: a settings class, and how its receiver is made. An adapter of another
provider adds its line here and nothing else changes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import httpx

from agent.connected import Connected
from agent.errors import Conflict
from agent.pack_changing import Clocks
from agent.settings import Settings
from agent.system_settings import SendGridSystem, SystemSettings, WebhookSystem
from store.database import Database
from tools.channels import standard_webhooks
from tools.channels.posting import client
from tools.channels.receiver import Receiver
from tools.channels.sendgrid_list import SendGridList
from tools.channels.signed_webhook import SignedWebhook
from tools.channels.standard_webhooks import BadSecret
from tools.channels.stops_told import payload


def receivers_of(
    systems: Mapping[str, SystemSettings], http: httpx.AsyncClient
) -> dict[str, Receiver]:
    """A receiver for each system. Raises `Conflict` for one that cannot be made."""
    return {name: _MAKES[type(system)](name, system, http) for name, system in systems.items()}


def connected_of(settings: Settings, db: Database, clocks: Clocks) -> Connected:
    """Connected systems and subscriptions of a deployment. Raises `Conflict`."""
    http = client()
    return Connected(
        db,
        made=receivers_of(settings.systems, http),
        providers={name: system.provider for name, system in settings.systems.items()},
        http=http,
        clocks=clocks,
    )


def _webhook(name: str, system: WebhookSystem, http: httpx.AsyncClient) -> Receiver:
    try:
        key = standard_webhooks.key_of(_secret(name, "secret_env", system.secret_env))
    except BadSecret as bad:
        raise _cannot(name, f"secret_env names {system.secret_env}: {bad}") from None
    plain = system.identifiers == "plain"
    return SignedWebhook(
        http, system.url, key, payload=partial(payload, plain=plain), timeout_s=system.timeout
    )


def _sendgrid(name: str, system: SendGridSystem, http: httpx.AsyncClient) -> Receiver:
    return SendGridList(
        http,
        system.url.rstrip("/"),
        _secret(name, "key_env", system.key_env),
        system.marketing_group,
        timeout_s=system.timeout,
    )


_MAKES: dict[type[Any], Callable[[str, Any, httpx.AsyncClient], Receiver]] = {
    WebhookSystem: _webhook,
    SendGridSystem: _sendgrid,
}


def _secret(name: str, setting: str, variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise _cannot(name, f"{setting} names {variable}, which is not set")
    return value


def _cannot(name: str, why: str) -> Conflict:
    return Conflict(f"systems.{name}: {why}")
