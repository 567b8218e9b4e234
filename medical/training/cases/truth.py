"""The truth of a retraining: lesions in LPS millimetres, checked against their CTs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from medical.ct.volume import CtVolume
from medical.errors import InputError
from medical.evaluation.tables import ReferenceFinding, read_reference

_NO_NODULE = (
    ("air", -np.inf, -950.0),
    ("lung without anything in it", -950.0, -780.0),
    ("as dense as bone", 700.0, np.inf),
)
"""What the middle of a nodule is not, with its least and largest HU; calcified ones are asked about
too, and a ground-glass nodule is denser than empty lung."""


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


def check_truth_matches_series(
    lesions: Sequence[ReferenceFinding], series_uids: Collection[str], *, path: Path
) -> None:
    """Refuse a truth table that matches no CT at all: a mistake, not a set of healthy lungs.

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
    """Return the lesions of one CT.

    Raises:
        InputError: a centre lies outside the CT, as voxel positions would; the row is named.
    """
    own = [lesion for lesion in lesions if lesion.series_uid == ct.source.series_instance_uid]
    for lesion in own:
        if not ct.geometry.contains_voxel(ct.geometry.lps_to_voxel(lesion.center_lps_mm)):
            raise InputError(
                path,
                f"row {lesion.row} lies outside its CT",
                "Centres must be LPS millimetres (x, y, z), not voxels",
            )
    return own


def implausible_lesions(lesions: Sequence[ReferenceFinding], ct: CtVolume) -> list[str]:
    """Questions about lesions of this CT whose middle is neither nodule nor soft tissue.

    A truth that lies beside its nodule, by another frame or a mirrored axis, teaches the opposite.
    """
    asked = []
    for lesion in lesions:
        hu = _middle_hu(lesion, ct)
        what = next((name for name, low, high in _NO_NODULE if low <= hu < high), None)
        if what is not None:
            asked.append(
                f"row {lesion.row} of {ct.source.series_instance_uid}: its middle is {what} "
                f"({hu:.0f} HU); is its centre right?"
            )
    return asked


def _middle_hu(lesion: ReferenceFinding, ct: CtVolume) -> float:
    """Mean of the inner half of the lesion, at least the nearest voxel."""
    radius_mm = lesion.diameter_mm / 4
    center = ct.geometry.lps_to_voxel(lesion.center_lps_mm)
    reach = np.ceil(radius_mm / np.array(ct.geometry.spacing_mm)).astype(int)
    nearest = np.clip(np.rint(center).astype(int), 0, np.array(ct.hu.shape) - 1)
    low, high = np.maximum(nearest - reach, 0), nearest + reach + 1
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    stops = [min(axis.stop, n) for axis, n in zip(box, ct.hu.shape, strict=True)]
    ranges = [np.arange(axis.start, stop) for axis, stop in zip(box, stops, strict=True)]
    places = np.stack(np.meshgrid(*ranges, indexing="ij"), -1)
    away = np.linalg.norm(
        ct.geometry.voxel_to_lps(places) - np.array(lesion.center_lps_mm), axis=-1
    )
    inside = ct.hu[box][away <= max(radius_mm, float(away.min()) + 1e-6)]
    return float(inside.mean())


def as_rows(lesions: Sequence[ReferenceFinding]) -> Float32[np.ndarray, "n 4"]:
    """Rows ``(x, y, z, diameter)``, as ``TrainingCase.from_ct`` takes them."""
    rows = [(*lesion.center_lps_mm, lesion.diameter_mm) for lesion in lesions]
    return np.array(rows, np.float32).reshape(-1, 4)
