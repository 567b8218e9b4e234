"""A CT series once read: HU, geometry, where it came from, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Int16

from medical.geometry import VolumeGeometry

Severity = Literal["info", "warning", "severe"]


@dataclass(frozen=True, slots=True)
class QualityNote:
    """What the reader should know of a series: ``code`` for machines, ``message`` for people."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}  # as all of ``findings.json``

    code: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class SeriesSource:
    """Where a volume came from; no field identifies the patient.

    Args:
        series_instance_uid: from DICOM; the file's stem for inputs that carry none.
        sop_instance_uids: one for each slice along z (for enhanced CT the same for all); ``None``
            where the slice is not a DICOM object (NIfTI, or an interpolated gap).
        slice_numbers: the number a viewer shows for each slice along z: Instance Number, else the
            1-based position.
        acquisition: manufacturer, model, kernel, slice thickness... as text, for cards and drift.
    """

    series_instance_uid: str
    study_instance_uid: str | None = None
    frame_of_reference_uid: str | None = None
    sop_instance_uids: tuple[str | None, ...] = ()
    slice_numbers: tuple[int, ...] = ()
    acquisition: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class CtVolume:
    """One CT series.

    Args:
        hu: ``[z, y, x]`` Hounsfield units, air (-1024) where the scanner put padding.
        geometry: where the voxels lie in the patient; its shape equals ``hu.shape``.
        source: identifiers and acquisition.
        quality: what the reader of the result should know, most severe first.

    Raises:
        ValueError: shapes disagree.
    """

    hu: Int16[np.ndarray, "z y x"]
    geometry: VolumeGeometry
    source: SeriesSource
    quality: tuple[QualityNote, ...] = ()

    def __post_init__(self) -> None:
        if self.hu.shape != self.geometry.shape:
            raise ValueError(f"hu is {self.hu.shape} but the geometry says {self.geometry.shape}")
        for name in ("sop_instance_uids", "slice_numbers"):
            count = len(getattr(self.source, name))
            if count not in (0, self.hu.shape[0]):
                raise ValueError(f"{count} {name} for {self.hu.shape[0]} slices")
