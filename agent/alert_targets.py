"""Receivers of alerts, made from settings: e-mail by the live channel, signed webhook, Slack.

Each says the same: how grave, what, and the way to the page where it is looked at.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx

from agent.alert_settings import AlertTarget, EmailTarget, SlackTarget
from agent.alerting import Alerting
from agent.errors import Conflict
from agent.pack_changing import Clocks
from store.deliveries import Delivery
from tools.channels import standard_webhooks
from tools.channels.channel import Letter, SendStatus
from tools.channels.posting import checked_url, client
from tools.channels.receiver import Acknowledged, Answer, GivenUp, Receiver, TryAgain
from tools.channels.routing import Router
from tools.channels.signed_webhook import SignedWebhook
from tools.channels.slack import Slack
from tools.channels.standard_webhooks import BadSecret
from tools.instants import instant

if TYPE_CHECKING:
    from agent.runs import Runs


def alerting_of(runs: Runs, clocks: Clocks) -> Alerting:
    """The alerts of a deployment, and their receivers among all others. Raises `Conflict`."""
    env, http = runs.env, client()
    made = receivers(
        runs.settings.alerts,
        http,
        router=env.router,
        sender=env.sender["email"],
        public_url=env.public_url,
    )
    alerting = Alerting(
        runs.db,
        runs.clock,
        env.shelf,
        pack_name=env.pack_name,
        targets=runs.settings.alerts,
        made=made,
        problems=lambda: [*runs.problems, *runs.publishing.problems],
        clocks=clocks,
        closes=http.aclose,
    )
    runs.connected.delivering.receivers["alert"] = alerting.receiver
    return alerting


def receivers(
    targets: Mapping[str, AlertTarget],
    http: httpx.AsyncClient,
    *,
    router: Router,
    sender: str,
    public_url: str | None,
) -> dict[str, Receiver]:
    """A receiver for each target. Raises `Conflict` for one that cannot be made."""
    made: dict[str, Receiver] = {}
    says = partial(text_of, public_url=public_url)
    for name, target in targets.items():
        if isinstance(target, EmailTarget):
            made[name] = AlertMail(router, sender=sender, to=target.to, public_url=public_url)
        elif isinstance(target, SlackTarget):
            url = _secret(name, "url_env", target.url_env)
            made[name] = Slack(http, _checked(name, target.url_env, url), says)
        else:
            try:
                key = standard_webhooks.key_of(_secret(name, "secret_env", target.secret_env))
            except BadSecret as bad:
                raise _cannot(name, f"secret_env names {target.secret_env}: {bad}") from None
            made[name] = SignedWebhook(http, target.url, key)
    return made


def text_of(delivery: Delivery, *, public_url: str | None) -> str:
    """An alert in one line, and where to look."""
    body = delivery.body
    where = f"{public_url.rstrip('/')}{body['link']}" if public_url else f"console {body['link']}"
    return f"{str(body['severity']).capitalize()}: {body['text']}\n{where}"


@dataclass(frozen=True, slots=True)
class AlertMail:
    """Alerts as e-mail, by the channel that carries live e-mail."""

    router: Router
    sender: str
    to: str
    public_url: str | None

    async def deliver(self, delivery: Delivery) -> Answer:
        """Send one letter. What may have been lost is sent again: twice is better than never."""
        channel = self.router.live.get("email")
        if channel is None:
            return TryAgain("no channel carries live e-mail: usher.toml has none under [channels]")
        sent = await channel.send(self._letter(delivery), still_ours=_ours)
        if sent.status is SendStatus.SENT:
            return Acknowledged()
        if sent.status is SendStatus.REFUSED:
            return GivenUp("the mail server refused the letter")
        return TryAgain("the mail server did not take the letter")

    def _letter(self, delivery: Delivery) -> Letter:
        body = delivery.body
        mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
        mail["From"] = Address(display_name="Usher", addr_spec=self.sender)
        mail["To"] = Address(addr_spec=self.to)
        mail["Subject"] = f"Usher, {body['severity']}: {_one_line(body['kind'])}"
        mail["Date"] = format_datetime(instant(delivery.made_at).replace(microsecond=0))
        mail["Message-ID"] = f"<{delivery.id}@{self.sender.rpartition('@')[2]}>"
        mail.set_content(
            f"{text_of(delivery, public_url=self.public_url)}\n", cte="quoted-printable"
        )
        raw = mail.as_bytes()
        return Letter(
            effect_id=delivery.id,
            idempotency_key=delivery.id,
            customer_id="",
            channel="email",
            to=self.to,
            raw=raw,
            sha256=hashlib.sha256(raw).hexdigest(),
            sender=self.sender,
        )


async def _ours() -> bool:
    return True


def _one_line(kind: Any) -> str:
    return str(kind).replace("_", " ")


def _checked(name: str, variable: str, url: str) -> str:
    try:
        return checked_url(url)
    except ValueError as wrong:
        raise _cannot(name, f"url_env names {variable}: {wrong}") from None


def _secret(name: str, setting: str, variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise _cannot(name, f"{setting} names {variable}, which is not set")
    return value


def _cannot(name: str, why: str) -> Conflict:
    return Conflict(f"alerts.{name}: {why}")
