"""Connected systems as `usher.toml` names them: `[systems.NAME]`, one table a system, strict.

Each is told of every stop and erasure. A secret never stands in the file: the table names the
variable of the environment that holds it. Another provider is one class here, one file of
`tools/channels/` and one line in `agent.systems`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from agent.channel_table import Variable
from tools.channels.posting import checked_url

Url = Annotated[str, AfterValidator(checked_url)]


class _System(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    timeout: Annotated[float, Field(ge=1, le=60)] = 10.0


class WebhookSystem(_System):
    """A signed webhook: a CDP, a CRM, a warehouse. `secret_env` names the variable with `whsec_…`.

    `identifiers`: addresses go as SHA-256 of the normalised text, or in plain.
    """

    provider: Literal["webhook"]
    url: Url
    secret_env: Variable
    identifiers: Literal["hashed", "plain"] = "hashed"


class SendGridSystem(_System):
    """SendGrid's own suppression lists. `key_env` names the variable with the API key.

    `marketing_group`: the unsubscribe group for marketing. An account that sends marketing only
    says `marketing_only = true` instead; its global list then takes opt-outs too.
    """

    provider: Literal["sendgrid"]
    key_env: Variable
    url: Url = "https://api.sendgrid.com"
    marketing_group: Annotated[int, Field(ge=1)] | None = None
    marketing_only: bool = False

    @model_validator(mode="after")
    def _one_list_for_opt_outs(self) -> SendGridSystem:
        if (self.marketing_group is None) != self.marketing_only:
            raise ValueError(
                "say where a marketing opt-out goes: marketing_group = ID, an unsubscribe group, "
                "or marketing_only = true, where the account sends no service mail"
            )
        return self


SystemSettings: TypeAlias = Annotated[
    WebhookSystem | SendGridSystem, Field(discriminator="provider")
]
