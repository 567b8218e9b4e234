"""Who may do what: decided here and nowhere else.

Every entry asks here before it does anything: pages, buttons and what they call, and the addresses
outside the pages. What is not drawn for somebody is refused all the same: a browser can send what
no page of its own has offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Deed = Literal[
    "see_worklist",
    "read_study",
    "compare",
    "decide",
    "add_nodule",
    "sign",
    "export",
    "make_maps",
    "score_sample",
    "upload",
    "score_again",
    "reopen",
    "name_folder",
    "adopt_result",
    "see_model",
    "see_drift",
    "see_retraining",
    "see_trail",
]
DEEDS: tuple[Deed, ...] = get_args(Deed)
_ADMINISTRATORS_ONLY: frozenset[Deed] = frozenset(
    {
        *("reopen", "name_folder", "adopt_result"),
        *("see_model", "see_drift", "see_retraining", "see_trail"),
    }
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody in front of a browser.

    Args:
        name: as decisions and the audit trail show it.
        administrator: may do what `_ADMINISTRATORS_ONLY` names.
    """

    name: str
    administrator: bool


class NotAllowedError(Exception):
    """Somebody asked for what is not theirs to do."""

    def __init__(self, deed: Deed) -> None:
        super().__init__(f"not allowed: {deed}")
        self.deed = deed


def may(reader: Reader | None, deed: Deed) -> bool:
    """Whether somebody may; ``None`` is whoever has not logged in or is not on the list."""
    if reader is None:
        return False
    return reader.administrator or deed not in _ADMINISTRATORS_ONLY


def need(reader: Reader | None, deed: Deed) -> None:
    """Go on only if somebody may.

    Raises:
        NotAllowedError: they may not.
    """
    if not may(reader, deed):
        raise NotAllowedError(deed)
