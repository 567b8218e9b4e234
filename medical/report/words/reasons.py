"""Readers' reasons for a rejection that the page offers, in both languages: English, Chinese."""

from __future__ import annotations

REASONS: dict[str, tuple[str, str]] = {
    "reason_vessel": ("vessel", "血管"),
    "reason_scar": ("scar", "瘢痕"),
    "reason_lymph_node": ("lymph node", "淋巴结"),
    "reason_pleura": ("pleura", "胸膜"),
    "reason_artefact": ("artefact", "伪影"),
}


def reason_in(reason: str, *, chinese: bool) -> str:
    """Word the reason in a language where it is one of the list, else as it was typed."""
    return next((pair[chinese] for pair in REASONS.values() if reason in pair), reason)
