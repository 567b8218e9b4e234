"""The truth of a retraining: lesions in LPS millimetres, checked against their CTs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from medical.ct.volume import CtVolume
from medical.errors import InputError
from medical.evaluation.tables import ReferenceFinding, read_reference


def read_truth(path: Path) -> list[ReferenceFinding]:
    """Read a table with LUNA16's columns.

    Raises:
        InputError: the table is missing or unusable, has no row, or names a nodule twice.
    """
    if not path.exists():
        raise InputError(path, "no truth table here", "Name one with --truth")
    lesions = read_reference(path)
    if not lesions:
        raise InputError(path, "no nodule in it", "Give at least one row")
    seen: set[tuple[str, tuple[float, float, float]]] = set()
    for lesion in lesions:
        key = (lesion.series_uid, lesion.center_lps_mm)
        if key in seen:
            raise InputError(path, f"row {lesion.row} repeats a nodule", "Remove one of the two")
        seen.add(key)
    return lesions


def refuse_strangers(
    lesions: Sequence[ReferenceFinding], series_uids: Collection[str], *, path: Path
) -> None:
    """A truth table that matches no CT at all is a mistake, not a set of healthy lungs.

    Raises:
        InputError: no row belongs to one of the series.
    """
    if not any(lesion.series_uid in series_uids for lesion in lesions):
        first = lesions[0]
        raise InputError(
            path,
            f"row {first.row}: no CT here has the series UID {first.series_uid}",
            "Check the column seriesuid",
        )


def lesions_of(
    lesions: Sequence[ReferenceFinding], ct: CtVolume, *, path: Path
) -> list[ReferenceFinding]:
    """The lesions of one CT.

    Raises:
        InputError: a centre lies outside the CT, as voxel positions would; the row is named.
    """
    mine = [lesion for lesion in lesions if lesion.series_uid == ct.source.series_instance_uid]
    for lesion in mine:
        if not ct.geometry.contains_voxel(ct.geometry.lps_to_voxel(lesion.center_lps_mm)):
            raise InputError(
                path,
                f"row {lesion.row} lies outside its CT",
                "Centres must be LPS millimetres (x, y, z), not voxels",
            )
    return mine


def as_rows(lesions: Sequence[ReferenceFinding]) -> Float32[np.ndarray, "n 4"]:
    """Rows ``(x, y, z, diameter)``, as ``TrainingCase.from_ct`` takes them."""
    rows = [(*lesion.center_lps_mm, lesion.diameter_mm) for lesion in lesions]
    return np.array(rows, np.float32).reshape(-1, 4)
