"""Whom alerts go to, as `usher.toml` names them: `[alerts.NAME]`, one table a target, strict.

A secret never stands in the file: it names the variable of the environment that holds it. A Slack
webhook's URL is a secret, so it is named, not written.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agent.channel_table import Mailbox, Variable
from tools.channels.posting import checked_url

Severity = Literal["notice", "warning", "critical"]
Url = Annotated[str, AfterValidator(checked_url)]


class _Target(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    least: Severity = "warning"


class EmailTarget(_Target):
    """A mailbox; letters go by the live e-mail channel. `least`: how grave an alert must be."""

    provider: Literal["email"]
    to: Mailbox


class WebhookTarget(_Target):
    """A signed webhook (Standard Webhooks). `secret_env` names the variable with `whsec_…`."""

    provider: Literal["webhook"]
    url: Url
    secret_env: Variable


class SlackTarget(_Target):
    """Anything that takes Slack's incoming webhooks. `url_env` names the variable with the URL."""

    provider: Literal["slack"]
    url_env: Variable


AlertTarget: TypeAlias = Annotated[
    EmailTarget | WebhookTarget | SlackTarget, Field(discriminator="provider")
]
