"""How much of each lung was searched, and the note that says so."""

from __future__ import annotations

from medical.ct.lung_coverage import CUT_AT_THE_SIDE
from medical.ct.sides import LungSides
from medical.ct.volume import QualityNote
from medical.detection.findings import Searched, SeriesFindings
from medical.i18n.messages import Message, message

ENOUGH = 0.8  # of each lung; below, "nothing found" is not said of the chest
_NEARLY_NOTHING = 0.05


def searched_lungs(sides: LungSides | None) -> tuple[Searched, list[QualityNote]]:
    """Which share of each lung was searched, and what the reader should know of it."""
    left, right = sides.searched() if sides is not None else (None, None)
    searched = Searched(left=left, right=right)
    if left is None or right is None:
        text = message(
            "Left and right cannot be told apart in this image, nor which share of each lung was "
            "searched."
        )
        return searched, [QualityNote("sides_unknown", "warning", text)]
    notes = [CUT_AT_THE_SIDE] if sides is not None and any(sides.cut) else []
    for name, share in ((message("left"), left), (message("right"), right)):
        if share < ENOUGH:
            notes.append(QualityNote("lung_not_searched", "severe", _sentence(name, share)))
    return searched, notes


def _sentence(name: Message, share: float) -> Message:
    if share < _NEARLY_NOTHING:
        return message(
            "The {side} lung was not searched: it holds no air (opaque, collapsed or removed) or "
            "lies outside of the image. Nothing can be said of it.",
            side=name,
        )
    return message(
        "Only about {share:.0%} of the {side} lung was searched; the rest holds no air (opaque, "
        "collapsed or removed) or lies outside of the image.",
        share=share,
        side=name,
    )


def both_searched(searched: Searched) -> bool:
    """Whether enough of both lungs was searched to say of the chest that nothing was found."""
    shares = (searched.left, searched.right)
    return all(share is not None and share >= ENOUGH for share in shares)


def is_partly_searched(scored: SeriesFindings) -> bool:
    """Whether a result must not be read as negative although nothing was found."""
    return scored.searched is not None and not both_searched(scored.searched)
