"""DICOM unique identifiers as names."""

from __future__ import annotations

import re

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")


def valid_uid(uid: str) -> bool:
    """Digits and dots, at most 64: safe as a file name, too (DICOM PS3.5 section 9)."""
    return len(uid) <= 64 and _UID.fullmatch(uid) is not None
