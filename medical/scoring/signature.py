"""The site's signature of a result: that this site scored it, and that nobody changed it since.

``signature.json`` beside ``findings.json`` names the digest of each file that scoring writes and
carries a keyed hash over them (HMAC-SHA-256, RFC 2104). The key never leaves the site's work
folder, so a folder that was made by hand, or elsewhere, has no signature that holds here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from medical.results import SIGNATURE

NAME = SIGNATURE
SIGNED_FILES = ("findings.json", "predictions.csv", "acquisition.json")
Signed = Literal["here", "not", "broken"]
"""``here``: by this site; ``not``: by nobody, or elsewhere; ``broken``: changed afterwards."""
_SCHEMA = "starlung.signature/1"
_MOST_BYTES = 1 << 16


def sign_result(folder: Path, *, key: bytes, findings: bytes) -> None:
    """Sign a series' result, whole or not at all.

    Args:
        folder: of the series.
        key: the site's.
        findings: what ``findings.json`` is about to hold; it appears last of all.
    """
    digests = {**_digests(folder), SIGNED_FILES[0]: hashlib.sha256(findings).hexdigest()}
    record = {"schema": _SCHEMA, "files": digests, "hmac": _hmac(digests, key)}
    beside = folder / f"{NAME}.partial"
    beside.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    beside.replace(folder / NAME)


def signed(folder: Path, *, key: bytes) -> Signed:
    """Whose signature a series' result carries."""
    try:
        with (folder / NAME).open("rb") as stream:
            record = json.loads(stream.read(_MOST_BYTES))
        digests = {str(name): str(digest) for name, digest in record["files"].items()}
        given = str(record["hmac"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "not"
    if not hmac.compare_digest(given.encode(), _hmac(digests, key).encode()):
        return "not"
    return "here" if digests == _digests(folder) else "broken"


def folder_digest(folder: Path) -> str:
    """SHA-256 over names and contents of all files below a folder, hexadecimal."""
    whole = hashlib.sha256()
    for path in sorted(found for found in folder.rglob("*") if found.is_file()):
        name = path.relative_to(folder).as_posix()
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{len(name)}:{name}:{content}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _digests(folder: Path) -> dict[str, str]:
    found = {}
    for name in SIGNED_FILES:
        if (folder / name).is_file():
            found[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    return found


def _hmac(digests: Mapping[str, str], key: bytes) -> str:
    said = json.dumps([_SCHEMA, sorted(digests.items())], separators=(",", ":"))
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()
