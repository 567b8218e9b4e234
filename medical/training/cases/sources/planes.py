"""Where the images that a report points at lie in the patient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from jaxtyping import Float

from medical.dicom.header.frames import Placement
from medical.dicom.stacking.series import CtSeries
from medical.io.series_handle import SeriesHandle


@dataclass(frozen=True, slots=True)
class Planes:
    """The planes of all CTs at hand.

    Args:
        placed: series UID and place of a plane by SOP Instance UID and frame, 1 for the first.
        frames_of_reference: series UIDs by frame of reference.
    """

    placed: dict[tuple[str, int], tuple[str, Placement]] = field(default_factory=dict)
    frames_of_reference: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, handles: Iterable[SeriesHandle]) -> Self:
        """Of the DICOM series among the handles."""
        planes = cls()
        for handle in handles:
            if isinstance(handle.origin, CtSeries):
                planes.add(handle.series_instance_uid, handle.origin)
        return planes

    def add(self, series_uid: str, series: CtSeries) -> None:
        """Take in one series."""
        for frame in series.frames:
            key = (frame.sop_instance_uid, frame.index + 1)
            self.placed[key] = (series_uid, frame.placement)
        of_frames = (frame.frame_of_reference_uid for frame in series.frames)
        for uid in dict.fromkeys([*of_frames, series.header.frame_of_reference_uid or ""]):
            if uid:
                self.frames_of_reference.setdefault(uid, []).append(series_uid)

    def series_of_frame(self, frame_of_reference_uid: str) -> str:
        """Find the only CT with this frame of reference; empty where there is none, or two."""
        known = self.frames_of_reference.get(frame_of_reference_uid, [])
        return known[0] if len(known) == 1 else ""


def to_lps(pixels: Float[np.ndarray, "n 2"], placement: Placement) -> Float[np.ndarray, "n 3"]:
    """Points of an image as SR writes them, ``(column, row)``, to LPS millimetres.

    SR counts from the upper left corner of the first pixel (PS3.3 C.18.6.1.1), so its centre is
    ``(0.5, 0.5)``.
    """
    column = (pixels[:, :1] - 0.5) * placement.column_spacing_mm
    row = (pixels[:, 1:] - 0.5) * placement.row_spacing_mm
    along_row, along_column = np.array(placement.along_row), np.array(placement.along_column)
    return np.asarray(np.array(placement.position_lps_mm) + column * along_row + row * along_column)
