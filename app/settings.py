"""Every setting in one typed place: ``STARLUNG_*`` variables, ``starlung.toml``, defaults."""

from __future__ import annotations

import ipaddress
import os
import sys
from functools import lru_cache
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


def data_home() -> Path:
    """The folder where this system keeps a user's application data."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser()
    if sys.platform == "darwin":
        return Path("~/Library/Application Support").expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()


def sample_folder() -> Path:
    """The sample series of this checkout; it need not exist."""
    return Path(__file__).parents[1] / "sample_data" / "ct"


class Settings(BaseSettings):
    """What a site can set.

    Raises:
        pydantic.ValidationError: a value is out of range, or the address is not this machine's own.
    """

    model_config = SettingsConfigDict(
        env_prefix="STARLUNG_", toml_file="starlung.toml", extra="ignore", frozen=True
    )

    host: str = Field(default="127.0.0.1", description="address to listen on; this machine only")
    port: int = Field(default=8501, ge=1, le=65535)
    work_dir: Path = Field(
        default_factory=lambda: data_home() / "starlung", description="uploads and results"
    )
    sample_dir: Path = Field(default_factory=sample_folder)
    model: str = Field(default="starlung-base", description="name of the model that scores")
    passes: int = Field(default=32, ge=1, le=1000, description="Monte-Carlo dropout passes")
    upload_limit_mb: int = Field(default=2048, ge=1, description="largest upload, megabytes")
    upload_keep_hours: float = Field(
        default=24.0, gt=0, description="uploads older than this are deleted"
    )
    volume_url_minutes: float = Field(
        default=60.0, gt=0, description="least life of a signed address; it lives up to twice this"
    )
    score_timeout_minutes: float = Field(
        default=120.0, gt=0, description="a longer scoring run is ended"
    )

    store_url: str | None = Field(
        default=None, description="postgresql://USER@HOST/NAME; a SQLite file in work_dir if unset"
    )
    lease_seconds: float = Field(
        default=30.0, gt=0, description="a worker silent for so long has lost its study"
    )

    @field_validator("host")
    @classmethod
    def _loopback_only(cls, host: str) -> str:
        if host == "localhost":
            return "127.0.0.1"
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise ValueError(
                f"cannot listen on {host}: there is no login yet, so StarLung serves this "
                "machine only; use 127.0.0.1"
            )
        return host

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
