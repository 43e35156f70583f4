"""Settings: `usher.toml` in the working folder, or `USHER_*` in the environment, which wins."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from store.master_key import decode


class Settings(BaseSettings):
    """What a deployment may set. An unknown key in `usher.toml` is an error."""

    model_config = SettingsConfigDict(
        env_prefix="USHER_", toml_file="usher.toml", extra="forbid", frozen=True
    )

    data: Path = Field(
        default=Path(".usher"), description="Folder of the database, keys and outbox."
    )
    database_url: str | None = Field(
        default=None, description="A PostgreSQL URL; unset: SQLite in the data folder."
    )
    master_key: SecretStr | None = Field(
        default=None, description="32 bytes in base64; unset: master.key in the data folder."
    )
    planner: Literal["auto", "offline"] = Field(
        default="auto", description="Who plans: `offline`, or `auto`, which is offline for now."
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
        default=None, description="Folder whose packs lie over the shipped ones."
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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then `usher.toml`."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def master(self) -> bytes | None:
        """The master key where it is set; None: the folder's own."""
        if self.master_key is None:
            return None
        return decode(self.master_key.get_secret_value(), where="USHER_MASTER_KEY")
