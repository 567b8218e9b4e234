"""What a site says of its node: who may call, what is scored, where results go."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

Form = Literal["sr", "seg", "cad-sr", "kos", "pdf"]
_AE_TITLE = re.compile(r"[\x21-\x5b\x5d-\x7e]([\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?")


def _ae_title(text: str) -> str:
    if not _AE_TITLE.fullmatch(text):
        raise ValueError(f"{text!r} is no AE title: 1 to 16 ASCII characters, no backslash")
    return text


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tls(_Frozen):
    """Files of one end of an encrypted connection.

    Args:
        certificate: our own, PEM with its chain.
        key: of the certificate.
        authority: whose certificates the other end must show; the system's where it is not given.
    """

    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None


class Caller(_Frozen):
    """A peer that may open an association.

    Args:
        ae_title: that it calls itself by.
        address: it calls from, or the network (``10.0.0.0/24``); any where it is not given.
        port: on which it takes reports of storage commitment; none where it is not given.
    """

    ae_title: str
    address: str = "0.0.0.0/0"
    port: int | None = Field(default=None, ge=1, le=65535)

    @field_validator("ae_title")
    @classmethod
    def _title(cls, text: str) -> str:
        return _ae_title(text)

    @field_validator("address")
    @classmethod
    def _network(cls, text: str) -> str:
        ipaddress.ip_network(text, strict=False)
        return text

    def covers(self, ae_title: str, address: str) -> bool:
        """Tell whether somebody who calls by this title, from this address, is meant."""
        if ae_title.strip() != self.ae_title:
            return False
        network = ipaddress.ip_network(self.address, strict=False)
        caller = ipaddress.ip_address(address.partition("%")[0])
        mapped = getattr(caller, "ipv4_mapped", None)
        return (mapped or caller) in network or network.num_addresses == 2**32


class Peer(_Frozen):
    """Where results go and studies come from: an AE (``host``, ``port``) or DICOMweb (``url``).

    Args:
        ae_title: of the AE.
        host: its name or address.
        port: its port.
        url: root of the DICOMweb services, ``https://pacs.example/dicom-web``.
        token: sent as ``Authorization: Bearer``.
        tls: of a connection to the AE; the authority counts for ``https`` too.
    """

    ae_title: str = ""
    host: str = ""
    port: int = Field(default=104, ge=1, le=65535)
    url: str = ""
    token: SecretStr | None = None
    tls: Tls | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.url) == bool(self.host):
            raise ValueError("give either host, port and ae_title, or url")
        if self.host:
            _ae_title(self.ae_title)
            return self
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{parts.scheme}://{parts.hostname}: no address of http or https")
        if parts.username or parts.password:
            raise ValueError("an address may hold no password; give a token")
        return self


class Rule(_Frozen):
    """Which series are scored, and what becomes of the result; the first rule that fits counts.

    Patterns are regular expressions, found anywhere in the header's value, whatever the case; one
    that is not given fits everything.

    Args:
        modality: Modality.
        body_part: Body Part Examined.
        kernel: Convolution Kernel.
        description: Series Description.
        calling: AE title of the sender.
        score: false: what fits is kept, and not scored.
        forms: which objects are made of the result.
        send_to: names of the peers that get them.
    """

    modality: str = "^CT$"
    body_part: str = ""
    kernel: str = ""
    description: str = ""
    calling: str = ""
    score: bool = True
    forms: tuple[Form, ...] = ("sr", "seg")
    send_to: tuple[str, ...] = ()

    @field_validator("modality", "body_part", "kernel", "description", "calling")
    @classmethod
    def _pattern(cls, text: str) -> str:
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"{text!r} is no regular expression: {error}") from None
        return text

    def fits(self, header: Mapping[str, str]) -> bool:
        """Tell whether a series' header fits; keys are the names of the patterns."""
        names = ("modality", "body_part", "kernel", "description", "calling")
        return all(re.search(getattr(self, name), header.get(name, ""), re.I) for name in names)


class NodeSettings(_Frozen):
    """The table ``[node]`` of ``starlung.toml``.

    Args:
        ae_title: ours.
        host: address to listen on.
        port: port to listen on.
        callers: who may call; nobody else is answered. Empty: this machine alone, by any title.
        peers: by name, where results go and studies are fetched from.
        rules: what is scored; without any, every CT is, and nothing is sent.
        quiet_seconds: a study is complete when nothing of it came for so long.
        keep_days: spooled studies are deleted after so many days without an arrival.
        max_associations: peers served at once.
        timeout_seconds: a peer that is silent for so long in mid-message is cut off.
        max_instance_mb: an instance that is larger is refused.
        min_free_mb: nothing is taken while the spool's disk has less room.
        max_retry_seconds: longest pause between two attempts to reach a peer.
        storage_commitment: promise, when asked, to keep an instance: it is then never deleted.
        tls: callers must use TLS.
    """

    ae_title: str = "STARLUNG"
    host: str = "127.0.0.1"
    port: int = Field(default=11112, ge=1, le=65535)
    callers: tuple[Caller, ...] = ()
    peers: dict[str, Peer] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = (Rule(),)
    quiet_seconds: float = Field(default=60.0, gt=0)
    keep_days: float = Field(default=7.0, gt=0)
    max_associations: int = Field(default=50, ge=1)
    timeout_seconds: float = Field(default=60.0, gt=0)
    max_instance_mb: int = Field(default=2048, ge=1)
    min_free_mb: int = Field(default=100, ge=0)
    max_retry_seconds: float = Field(default=300.0, ge=1)
    storage_commitment: bool = False
    tls: Tls | None = None

    @field_validator("ae_title")
    @classmethod
    def _title(cls, text: str) -> str:
        return _ae_title(text)

    @field_validator("host")
    @classmethod
    def _address(cls, text: str) -> str:
        ipaddress.ip_address(text)
        return text

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.callers and not ipaddress.ip_address(self.host).is_loopback:
            raise ValueError(f"node listens on {self.host}, so node.callers must name who may call")
        unknown = {name for rule in self.rules for name in rule.send_to} - set(self.peers)
        if unknown:
            raise ValueError(f"a rule sends to {min(unknown)}, which node.peers does not name")
        return self

    def caller(self, ae_title: str, address: str) -> Caller | None:
        """Return who calls; ``None`` where they may not."""
        if not self.callers:
            address = address.partition("%")[0]
            own = ipaddress.ip_address(address).is_loopback
            return Caller(ae_title=ae_title.strip() or "UNNAMED") if own else None
        return next((known for known in self.callers if known.covers(ae_title, address)), None)
