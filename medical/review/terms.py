"""What page, report and refusals call a state, a verdict, a reason and a number.

What rounds to certainty is never shown as certain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from medical.i18n.catalogue import LANGUAGES, Translator, translate
from medical.i18n.messages import Message, message
from medical.nodule.growth import INDISTINGUISHABLE

if TYPE_CHECKING:  # what only prints figures needs no database
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
    "open": message("undecided"),
    "accepted": message("accepted"),
    "rejected": message("rejected"),
}
REASONS: tuple[Message, ...] = (
    message("vessel"),
    message("bronchus or mucus plug"),
    message("granuloma or calcified"),
    message("lymph node"),
    message("scar or atelectasis"),
    message("consolidation"),
    message("pleura or rib"),
    message("artefact"),
    message("not a finding"),
)
"""Reasons for a rejection that the page offers; the viewer gives each the key of its place."""
_EARLIER_REASONS: tuple[Message, ...] = (message("scar"), message("pleura"))
"""What earlier versions offered; stores hold them."""


def known_reason(reason: str) -> str:
    """Return the message of a reason that a reader chose, in whichever language, or the text."""
    for known in (*REASONS, *_EARLIER_REASONS):
        if reason in {translate(known, language) for language in LANGUAGES}:
            return known
    return reason


def rejection_reason(reason: str, labels: Translator) -> str:
    """Say a reason of ``REASONS`` in a language; any other stays as it was typed."""
    known = known_reason(reason)
    return labels.translate(known) if isinstance(known, Message) else known


DENSITIES: Mapping[str, Message] = {
    "solid": message("solid"),
    "part-solid": message("part-solid"),
    "ground-glass": message("ground-glass"),
    "calcified": message("calcified"),
    "cavitary": message("cavitary (air inside)"),
}
GROWTHS: Mapping[str, Message] = {
    "grown": message("grown"),
    "shrunk": message("shrunk"),
    INDISTINGUISHABLE: message("not distinguishable from measurement error"),
}
EXAMINATION_KINDS: Mapping[str | None, Message] = {
    None: message("not entered; assumed to be a first screening CT"),
    "baseline": message("first screening CT"),
    "follow-up": message("follow-up screening CT"),
    "incidental": message("CT for another reason (incidental finding)"),
}
SEXES: Mapping[str, Message] = {"F": message("female"), "M": message("male")}
RISKS: Mapping[str | None, Message] = {
    None: message("not known"),
    "low": message("low"),
    "high": message("high"),
}
HISTORIES: Mapping[str, Message] = {
    "new": message("new"),
    "growing": message("growing"),
    "slow-growing": message("slow-growing"),
    "stable": message("stable"),
}
CALCIFICATIONS: Mapping[str, Message] = {
    "benign": message("Benign pattern of calcification."),
    "not benign": message("No benign pattern of calcification."),
}
LOCATIONS: Mapping[str, Message] = {
    "right upper zone": message("right upper zone"),
    "right middle zone": message("right middle zone"),
    "right lower zone": message("right lower zone"),
    "left upper zone": message("left upper zone"),
    "left middle zone": message("left middle zone"),
    "left lower zone": message("left lower zone"),
}
