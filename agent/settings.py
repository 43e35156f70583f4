"""Settings: `usher.toml` in the working folder, or `USHER_*` in the environment, which wins.

What is no setting is an error that names it, in both: a typing error must not look like a choice.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from agent.alert_settings import AlertTarget
from agent.channel_settings import ChannelSettings
from agent.channel_table import ChannelName
from agent.receipt_settings import ReceiptName, ReceiptSettings
from agent.retention_times import Class, KeptFor
from agent.system_settings import SystemSettings
from prompts.problems import did_you_mean
from store.master_key import decode
from tools.channels.routing import SendOnlyTo


class Settings(BaseSettings):
    """What a deployment may set. An unknown key in `usher.toml` is an error."""

    model_config = SettingsConfigDict(
        env_prefix="USHER_",
        env_ignore_empty=True,
        toml_file="usher.toml",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    data: Path = Field(
        default=Path(".usher"), description="Folder of the database, keys and outbox."
    )
    database_url: str | None = Field(
        default=None, description="A PostgreSQL URL; unset: SQLite in the data folder."
    )
    chroma_url: str | None = Field(
        default=None,
        description="A Chroma server such as http://127.0.0.1:8001; unset: the data folder.",
    )
    master_key: SecretStr | None = Field(
        default=None, description="32 bytes in base64; unset: master.key in the data folder."
    )
    planner: Literal["auto", "llm", "offline"] = Field(
        default="auto",
        description="Who plans: `llm`, `offline`, or `auto`: a model where a URL or key is set.",
    )
    llm_base_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="An OpenAI-compatible endpoint: http://127.0.0.1:8080/v1; unset: OpenAI.",
    )
    llm_api_key: SecretStr | None = Field(
        default=None, description="Its key; unset: OPENAI_API_KEY, else none is sent."
    )
    llm_model: str = Field(
        default="gpt-5.4-mini",
        min_length=1,
        description="The model's name, as the endpoint has it.",
    )
    llm_mode: Literal["tools", "json_schema"] = Field(
        default="tools",
        description="How a model calls: functions, or JSON by a schema (most small, local models).",
    )
    llm_timeout: float = Field(
        default=30.0, gt=0, le=600, description="Seconds that one answer of the model may take."
    )
    llm_temperature: float | None = Field(
        default=None,
        ge=0,
        le=2,
        description="Unset: the endpoint's own; some models take no other.",
    )
    llm_max_calls: int = Field(
        default=16, ge=1, le=100, description="Most requests to the model for one decision."
    )
    llm_max_prompt_tokens: int = Field(
        default=120_000, ge=1_000, description="Most tokens of prompts for one decision."
    )
    llm_max_reply_tokens: int = Field(
        default=2_000, ge=64, description="Most tokens of one answer, its thinking included."
    )
    llm_price_prompt: int = Field(
        default=0, ge=0, description="A million prompt tokens, in the smallest coin of your bill."
    )
    llm_price_completion: int = Field(
        default=0, ge=0, description="A million tokens of answers, likewise."
    )
    pack: str = Field(default="commerce", description="Name of the policy pack in force.")
    clock: AwareDatetime | None = Field(
        default=None, description="Start simulated time at this instant, such as 2026-03-03T12:00Z."
    )
    settle: float = Field(
        default=2.0, ge=0, le=60, description="Seconds a lane is quiet before a marketing contact."
    )
    public_url: str | None = Field(
        default=None,
        description="Where this server is reached from outside, for unsubscribe links.",
    )
    prompts: Path | None = Field(
        default=None, description="Folder whose agent and message files lie over the shipped ones."
    )
    policies: Path | None = Field(
        default=None, description="Folder whose packs lie over the shipped ones; it is watched."
    )
    body_limit: int = Field(
        default=1_048_576, ge=1_024, description="Largest request body in bytes."
    )
    lanes: int = Field(
        default=64, ge=1, le=1_000, description="How many customers are worked for at once."
    )
    embedder: Literal["wordllama", "hashing"] = Field(
        default="wordllama", description="Embeddings for memory; `hashing` knows no meaning."
    )

    double_opt_in: Annotated[tuple[Literal["email", "sms"], ...], NoDecode] | None = Field(
        default=None,
        description="Channels on which a marketing consent counts once confirmed: `email,sms`.",
    )
    matching: Literal["merge", "link", "off"] = Field(
        default="merge",
        description="Probable matches: joined and linked, only linked for people to see, or off.",
    )
    channels: dict[ChannelName, ChannelSettings] = Field(
        default={},
        description="By name, what live letters go by: `[channels.NAME]`; see channels.md.",
    )
    receipts: dict[ReceiptName, ReceiptSettings] = Field(
        default={},
        description="By name, who reports what became of letters: `[receipts.NAME]`; channels.md.",
    )
    alerts: dict[ChannelName, AlertTarget] = Field(
        default={},
        description="By name, who is told what people should look at: `[alerts.NAME]`; alerts.md.",
    )
    systems: dict[ChannelName, SystemSettings] = Field(
        default={},
        description="By name, who is told of stops: `[systems.NAME]`; see connected-systems.md.",
    )
    retention: dict[Class, KeptFor] = Field(
        default={},
        description="By class, how long data is kept: `[retention]`; see operating.md.",
    )
    send_only_to: Annotated[tuple[str, ...], NoDecode] | None = Field(
        default=None,
        description="Addresses and domains that real channels may reach, with commas; unset: all.",
    )

    @field_validator("send_only_to", "double_opt_in", mode="before")
    @classmethod
    def _a_list(cls, value: Any) -> Any:
        return [entry.strip() for entry in value.split(",")] if isinstance(value, str) else value

    @field_validator("send_only_to")
    @classmethod
    def _of_addresses(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None:
            SendOnlyTo.of(value)
        return value

    @field_validator("database_url")
    @classmethod
    def _of_postgresql(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            scheme = make_url(value).drivername
        except ArgumentError:
            scheme = ""
        if scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
            raise ValueError(
                "a PostgreSQL URL is meant, such as postgresql://usher@127.0.0.1/usher; "
                "for SQLite leave it unset"
            )
        return value

    @field_validator("chroma_url")
    @classmethod
    def _of_a_server(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            at = urlsplit(value)
            plain = at.scheme in ("http", "https") and at.hostname and at.port != 0
        except ValueError:
            plain = None
        if not plain or at.username or at.password or at.path.strip("/") or at.query or at.fragment:
            raise ValueError(
                "http(s)://HOST:PORT of a Chroma server is meant, such as http://127.0.0.1:8001, "
                "without name, password or path"
            )
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_channel_a_kind(self) -> Settings:
        taken: dict[str, dict[str, str]] = {}
        for name, channel in self.channels.items():
            for kind in channel.kinds:
                here = taken.setdefault(kind, {})
                for part in channel.shared or ("",):
                    both = (o for p, o in here.items() if p == part or "" in (p, part))
                    if (other := next(both, name)) != name:
                        what = f"{kind} {part}".strip()
                        raise ValueError(f"channels: {other}, {name} both carry {what}; keep one")
                    here[part] = name
        return self

    @model_validator(mode="after")
    def _no_strangers(self) -> Settings:
        """A `USHER_` variable that is no setting is a typing error, and said so at the start."""
        known = {f"USHER_{name}".upper() for name in type(self).model_fields}
        strangers = sorted(
            name
            for name in os.environ
            if name.upper().startswith("USHER_") and name.upper() not in known
        )
        if strangers:
            said = "; ".join(
                f"{name} is no setting{did_you_mean(name.upper(), known)}" for name in strangers
            )
            raise ValueError(said)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then `usher.toml`, then what is set for OpenAI."""
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls),
            _ForOpenAI(settings_cls),
        )

    @model_validator(mode="after")
    def _knows_its_model(self) -> Settings:
        if self.planner == "llm" and not (self.llm_base_url or self.llm_api_key):
            raise ValueError(
                "planner is llm, so a model is needed: set USHER_LLM_BASE_URL, or USHER_LLM_API_KEY"
            )
        return self

    @property
    def plans_with_model(self) -> bool:
        """Whether a model plans."""
        return self.planner != "offline" and bool(self.llm_base_url or self.llm_api_key)

    @property
    def own_policies(self) -> Path:
        """Where the deployment's own packs lie, whether there is such a folder or not."""
        return self.policies or self.data / "policies"

    @property
    def outbox(self) -> Path:
        """Where the messages lie that reach nobody."""
        return self.data / "outbox"

    def master(self) -> bytes | None:
        """The master key where it is set; None: the folder's own."""
        if self.master_key is None:
            return None
        return decode(self.master_key.get_secret_value(), where="USHER_MASTER_KEY")


class _ForOpenAI(PydanticBaseSettingsSource):
    """Key and URL as OpenAI's own tools read them, where nothing else says."""

    _NAMES = {"llm_api_key": "OPENAI_API_KEY", "llm_base_url": "OPENAI_BASE_URL"}

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """The value of one field, if it is set."""
        name = self._NAMES.get(field_name)
        return (os.environ.get(name) or None if name else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """All that is set."""
        found = {field: os.environ.get(name) for field, name in self._NAMES.items()}
        return {field: value for field, value in found.items() if value}
