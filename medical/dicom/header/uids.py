"""DICOM unique identifiers as names."""

from __future__ import annotations

import re
import uuid

from pydicom.uid import UID

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_NAMESPACE = uuid.UUID("5b0f7f0e-6d0e-4f0b-9c53-0e8f5f1c7a11")


def valid_uid(uid: str) -> bool:
    """Digits and dots, at most 64: safe as a file name, too (DICOM PS3.5 section 9)."""
    return len(uid) <= 64 and _UID.fullmatch(uid) is not None


def derived_uid(*parts: str) -> UID:
    """Derive the UID under 2.25 that belongs to these words, always the same one.

    Standard:
        PS3.5 B.2, UIDs derived from a UUID.
    """
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(parts)).int}")
