"""What page, report and refusals call a state, a verdict and a reason."""

from __future__ import annotations

from collections.abc import Mapping

from medical.i18n.catalogue import LANGUAGES, Translator, translate
from medical.i18n.messages import Message, message
from medical.store.tables import Status, Verdict

STATES: Mapping[Status, Message] = {
    "received": message("received"),
    "scoring": message("scoring"),
    "ready": message("ready"),
    "review": message("in review"),
    "signed": message("signed"),
    "failed": message("failed"),
}
VERDICTS: Mapping[Verdict, Message] = {
    "open": message("not decided"),
    "accepted": message("accepted"),
    "rejected": message("rejected"),
}
REASONS: tuple[Message, ...] = (
    message("vessel"),
    message("scar"),
    message("lymph node"),
    message("pleura"),
    message("artefact"),
)
"""Reasons for a rejection that the page offers."""


def known_reason(reason: str) -> str:
    """Return the message of ``REASONS`` that a reader chose, in whichever language, or the text."""
    for known in REASONS:
        if reason in {translate(known, language) for language in LANGUAGES}:
            return known
    return reason


def rejection_reason(reason: str, labels: Translator) -> str:
    """Say a reason of ``REASONS`` in a language; any other stays as it was typed."""
    known = known_reason(reason)
    return labels.translate(known) if isinstance(known, Message) else known
