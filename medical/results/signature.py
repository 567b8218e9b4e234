"""The site's signature of a result: that this site scored it, and that nobody changed it since.

``signature.json`` names the digest of each file that scoring writes and carries a keyed hash over
them (HMAC-SHA-256, RFC 2104). The key never leaves the site's work folder, so a folder that was
made by hand, or elsewhere, has no signature that holds here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

Signed = Literal["here", "not", "broken"]
"""``here``: by this site; ``not``: by nobody, or elsewhere; ``broken``: changed afterwards."""
_SCHEMA = "starlung.signature/1"
_MAX_BYTES = 1 << 16


def sign(files: Mapping[str, bytes], *, key: bytes) -> str:
    """Return the signature of a result's files, as JSON.

    Args:
        files: name and content of each.
        key: the site's.
    """
    digests = _digests(files)
    record = {"schema": _SCHEMA, "files": digests, "hmac": _hmac(digests, key)}
    return json.dumps(record, indent=2) + "\n"


def read(path: Path) -> bytes:
    """Read a signature, which may be anybody's: not more than one can hold.

    Raises:
        OSError: it is not there or cannot be read.
    """
    with path.open("rb") as stream:
        return stream.read(_MAX_BYTES)


def check(record: bytes, files: Mapping[str, bytes], *, key: bytes) -> Signed:
    """Tell whose a signature is.

    Args:
        record: what ``read`` returned.
        files: name and content of the result's files as they are now.
        key: the site's.
    """
    try:
        content = json.loads(record)
        digests = {str(name): str(digest) for name, digest in content["files"].items()}
        given = str(content["hmac"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "not"
    if not hmac.compare_digest(given.encode(), _hmac(digests, key).encode()):
        return "not"
    return "here" if digests == _digests(files) else "broken"


def folder_digest(folder: Path) -> str:
    """Return SHA-256 over names and contents of all files below a folder, hexadecimal."""
    whole = hashlib.sha256()
    for path in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
        name = path.relative_to(folder).as_posix()
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{len(name)}:{name}:{content}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _hmac(digests: Mapping[str, str], key: bytes) -> str:
    text = json.dumps([_SCHEMA, sorted(digests.items())], separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
