"""Tables of channels that ask a vendor for something: WhatsApp, audiences, tickets.

Where it goes is named, not numbered: an audience and a queue have names of ours in letters, and the
vendor's ids stand here alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from agent.channel_table import BaseUrl, HttpTable, Mailbox, Variable
from tools.channels import google_audience, google_token, meta_graph

#: What an audience or a queue is called in a letter.
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
_Id = Annotated[str, Field(pattern=r"^[0-9]{1,25}$")]
_Account = Annotated[str, Field(pattern=r"^[0-9]{10}$")]
_Version = Annotated[str, Field(pattern=r"^v[0-9]{1,3}\.[0-9]$")]
_Audiences = Annotated[dict[_Name, _Id], Field(min_length=1)]


class WhatsAppSettings(HttpTable):
    """A sending number of WhatsApp's Cloud API, by Meta's id of it."""

    provider: Literal["whatsapp"]
    kind: Literal["whatsapp"]
    phone_number_id: _Id
    token_env: Variable
    version: _Version = meta_graph.VERSION
    base_url: BaseUrl = meta_graph.BASE_URL

    @property
    def kinds(self) -> tuple[str, ...]:
        """WhatsApp."""
        return (self.kind,)

    def told(self) -> dict[str, Any]:
        """Where it is reached, which version, and its pace."""
        return {"url": self.base_url, "version": self.version, "rate": self.rate}


class MetaAudienceSettings(HttpTable):
    """Custom audiences of an ad account at Meta."""

    provider: Literal["meta_audience"]
    kind: Literal["audience"]
    token_env: Variable
    audiences: _Audiences
    version: _Version = meta_graph.VERSION
    base_url: BaseUrl = meta_graph.BASE_URL

    @property
    def kinds(self) -> tuple[str, ...]:
        """Audiences."""
        return (self.kind,)

    @property
    def shared(self) -> tuple[str, ...]:
        """Those that it names; another vendor may have others."""
        return tuple(self.audiences)

    def told(self) -> dict[str, Any]:
        """Where it is reached, which version, its audiences by our names, and its pace."""
        return {
            "url": self.base_url,
            "version": self.version,
            "audiences": sorted(self.audiences),
            "rate": self.rate,
        }


class GoogleAudienceSettings(HttpTable):
    """Customer match lists of a Google Ads account. Whoever writes this accepts Google's terms."""

    provider: Literal["google_audience"]
    kind: Literal["audience"]
    account: _Account
    login_account: _Account | None = None
    client_id: Annotated[str, Field(min_length=1, max_length=300)]
    client_secret_env: Variable
    refresh_token_env: Variable
    audiences: _Audiences
    customer_match_terms: Literal["accepted"]
    base_url: BaseUrl = google_audience.BASE_URL
    token_url: BaseUrl = google_token.TOKEN_URL

    @property
    def kinds(self) -> tuple[str, ...]:
        """Audiences."""
        return (self.kind,)

    @property
    def shared(self) -> tuple[str, ...]:
        """Those that it names; another vendor may have others."""
        return tuple(self.audiences)

    def told(self) -> dict[str, Any]:
        """Where it is reached, its audiences by our names, and its pace."""
        return {"url": self.base_url, "audiences": sorted(self.audiences), "rate": self.rate}


class ZendeskSettings(HttpTable):
    """An account of Zendesk's; `groups`: the ids of its groups, by the queue of a ticket."""

    provider: Literal["zendesk"]
    kind: Literal["ticket"]
    subdomain: Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")] | None = (
        None
    )
    base_url: BaseUrl | None = None
    email: Mailbox
    token_env: Variable
    groups: dict[_Name, Annotated[int, Field(gt=0)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_address(self) -> ZendeskSettings:
        if (self.subdomain is None) == (self.base_url is None):
            raise ValueError("zendesk needs a subdomain (shop of shop.zendesk.com) or a base_url")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """Tickets."""
        return (self.kind,)

    @property
    def used_url(self) -> str:
        """Its address, by the subdomain where that is given."""
        return self.base_url or f"https://{self.subdomain}.zendesk.com"

    def told(self) -> dict[str, Any]:
        """Where it is reached, which queues have groups, and its pace."""
        return {"url": self.used_url, "queues": sorted(self.groups), "rate": self.rate}
