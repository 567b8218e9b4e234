"""Two planes at one place of which nothing says why: the same image sent twice, or two times?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medical.ct.volume import QualityNote
from medical.dicom.header.frames import Frame
from medical.dicom.stacking.consistent import duplicates_left_out
from medical.dicom.stacking.decode import NotHounsfieldError, decode_file
from medical.errors import InputError
from medical.i18n.messages import plural_message

LOOKED_AT = 12


def double_notes(pairs: Sequence[tuple[Frame, Frame]]) -> list[QualityNote]:
    """Note each kind of pair of a plane that was kept and one at its place that was not.

    Images that are equal were sent twice. Others are two time points or reconstructions, and the
    volume may be mixed of both.
    """
    if not pairs:
        return []
    picked = np.unique(np.linspace(0, len(pairs) - 1, min(LOOKED_AT, len(pairs))).astype(int))
    if all(_are_equal(*pairs[at]) for at in picked):
        return [QualityNote("duplicates", "info", duplicates_left_out(len(pairs)))]
    text = plural_message(
        "{count} position holds two different images, and nothing in their headers says which "
        "belong together: the volume may be mixed of two time points or reconstructions, and "
        "findings on it cannot be trusted. Export one acquisition alone.",
        "{count} positions hold two different images, and nothing in their headers says which "
        "belong together: the volume may be mixed of two time points or reconstructions, and "
        "findings on it cannot be trusted. Export one acquisition alone.",
        len(pairs),
    )
    return [QualityNote("mixed_stacks", "severe", text)]


def _are_equal(kept: Frame, dropped: Frame) -> bool:
    planes = []
    for frame in (kept, dropped):
        try:
            planes += [hu for _, hu in decode_file(frame.path, [frame])]
        except (InputError, NotHounsfieldError):
            return True  # a damaged copy beside a good one is no second time point
    return np.array_equal(planes[0], planes[1])
