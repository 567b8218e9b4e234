"""Every setting in one typed place: ``STARLUNG_*`` variables, ``starlung.toml``, defaults.

``starlung.toml`` is looked for in named places only, see `settings_file`: whoever can write the
folder in which somebody happens to stand must not set who administrates.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import sys
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_config_path, user_data_path
from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from medical.node.settings import NodeSettings
from models.zoo.loader import DEFAULT_MODEL

_NAME = "starlung"


def settings_files() -> tuple[Path, ...]:
    """Where ``starlung.toml`` may lie: the file that STARLUNG_CONFIG names, else user's, site's."""
    named = os.environ.get("STARLUNG_CONFIG")
    if named:
        return (Path(named).expanduser(),)
    users = user_config_path(_NAME, appauthor=False) / "starlung.toml"
    return (users,) if sys.platform == "win32" else (users, Path("/etc/starlung/starlung.toml"))


def settings_file() -> Path | None:
    """Return the first of `settings_files` that is there; no other is read.

    Raises:
        FileNotFoundError: STARLUNG_CONFIG names a file that is not there; nobody who set it wants
            the defaults.
    """
    files = settings_files()
    if os.environ.get("STARLUNG_CONFIG") and not files[0].exists():
        raise FileNotFoundError(errno.ENOENT, "no such file", str(files[0]))
    return next((path for path in files if path.is_file()), None)


def sample_folder() -> Path:
    """Return the sample series of this checkout; it need not exist."""
    return Path(__file__).parents[1] / "sample_data" / "ct"


def _is_ipv6(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).version == 6
    except ValueError:
        return False


class Settings(BaseSettings):
    """What a site can set.

    Raises:
        pydantic.ValidationError: a value is out of range, the file names a setting that does not
            exist, or others could listen without login.
        OSError: the file cannot be read, or is not where STARLUNG_CONFIG says.
    """

    model_config = SettingsConfigDict(
        env_prefix="STARLUNG_", env_prefix_target="all", extra="forbid", frozen=True
    )

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8501, ge=1, le=65535)
    work_dir: Path = Field(
        default_factory=lambda: user_data_path(_NAME, appauthor=False),
        description="uploads and results",
    )
    sample_dir: Path = Field(default_factory=sample_folder)
    model: str = Field(default=DEFAULT_MODEL, description="name of the model that scores")
    starnet: str = Field(default="starnet", description="name of the StarNet that rates findings")
    samples: int = Field(
        default=32,
        ge=1,
        le=1000,
        validation_alias=AliasChoices("samples", "passes"),
        description="Monte-Carlo dropout samples; earlier versions called them passes",
    )
    upload_limit_mb: int = Field(default=2048, ge=1, description="largest upload, megabytes")
    upload_keep_hours: float = Field(
        default=24.0,
        gt=0,
        description="uploads older than this are deleted once scored; their results stay",
    )
    volume_url_minutes: float = Field(
        default=60.0, gt=0, description="least life of a signed address; it lives up to twice this"
    )
    intake_limit_minutes: float = Field(
        default=30.0, gt=0, description="an input that takes longer to unpack and sort is refused"
    )
    score_timeout_minutes: float = Field(
        default=120.0, gt=0, description="a longer scoring run is ended"
    )

    store_url: str | None = Field(
        default=None, description="postgresql://USER@HOST/NAME; a SQLite file in work_dir if unset"
    )
    lease_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="a worker silent for so long has lost its study"
    )

    serve_worker: bool = Field(
        default=True, description="`starlung serve` keeps a worker running that scores the queue"
    )

    hide_identity: bool = Field(
        default=False,
        description="keep and show no name, ID, date of birth or description of any patient; for "
        "research sites",
    )

    login_metadata_url: str | None = Field(
        default=None, description="the OpenID provider's .well-known/openid-configuration"
    )
    login_client_id: str | None = None
    login_client_secret: SecretStr | None = None
    login_redirect_url: str | None = Field(
        default=None, description="https://NAME/oauth2callback, as registered with the provider"
    )
    cookie_secret: SecretStr | None = Field(
        default=None, description="signs login cookies; logins end with the server if unset"
    )
    trust_unverified_email: bool = Field(
        default=False,
        description="take e-mail addresses that the provider does not call verified; only for a "
        "provider whose users cannot choose their address",
    )
    allowed_hosts: frozenset[str] = Field(
        default=frozenset(),
        description="names by which browsers reach the server, beside this machine's own and that "
        "of login_redirect_url",
    )
    readers: frozenset[str] = Field(
        default=frozenset(), description="e-mail addresses that may read; everybody with a login"
    )
    administrators: frozenset[str] = Field(
        default=frozenset(), description="e-mail addresses that may administrate"
    )

    log_format: Literal["text", "json"] = Field(
        default="text", description="json: one object a line, for a collector of logs"
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="/health, /ready and /metrics of the server"
    )
    metrics_host: str = Field(default="127.0.0.1", description="address that they stand on")
    node: NodeSettings = Field(
        default_factory=NodeSettings, description="the DICOM node, see docs/node.md"
    )

    @property
    def login_configured(self) -> bool:
        """Whether readers must log in."""
        return self.login_metadata_url is not None

    def address_of_store(self) -> str:
        """Where studies, findings and decisions are kept."""
        from medical.store.database import sqlite_url

        return self.store_url or sqlite_url((self.work_dir / "store.sqlite").resolve())

    def hosts(self) -> list[str]:
        """Names that a browser may have asked for; any other is refused."""
        own = [self.host] if not ipaddress.ip_address(self.host).is_unspecified else []
        names = [*own, urlsplit(self.login_redirect_url or "").hostname or "", *self.allowed_hosts]
        if not self.login_configured:
            names += ["localhost", "127.0.0.1", "::1"]
        return sorted({name for name in names if name})

    @field_validator("allowed_hosts")
    @classmethod
    def _plain_hosts(cls, given: frozenset[str]) -> frozenset[str]:
        for name in given:
            if not (re.fullmatch(r"[A-Za-z0-9.-]+", name) or _is_ipv6(name)):
                raise ValueError(f"{name} is not a host's name; no port, path or * may be in it")
        return frozenset(name.lower() for name in given)

    @field_validator("readers", "administrators")
    @classmethod
    def _plain_addresses(cls, given: frozenset[str]) -> frozenset[str]:
        return frozenset(entry.strip().lower() for entry in given)

    @field_validator("host")
    @classmethod
    def _an_address(cls, host: str) -> str:
        if host == "localhost":
            return "127.0.0.1"
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValueError(
                f"{host} is not an address; use 127.0.0.1, or 0.0.0.0 for all"
            ) from None
        return host

    @model_validator(mode="after")
    def _others_only_with_login(self) -> Self:
        needed = (self.login_client_id, self.login_client_secret, self.login_redirect_url)
        if self.login_configured and not all(needed):
            raise ValueError(
                "login needs login_metadata_url, login_client_id, login_client_secret and "
                "login_redirect_url; one of them is missing"
            )
        if not self.login_configured and not ipaddress.ip_address(self.host).is_loopback:
            raise ValueError(
                f"cannot listen on {self.host}: without login StarLung serves this machine only; "
                "use 127.0.0.1, or set login_metadata_url and what goes with it"
            )
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
        """Arguments win over the environment, the environment over the file."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=settings_file())
        return init_settings, env_settings, file
