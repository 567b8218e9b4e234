"""From CTs and their truth to training cases, kept in OUT for the next start.

A kept case is used only while CT and truth are the same: its name holds a digest of both. Lung
around what readers rejected becomes small cases of its own, so that it is seen often: the nodule
engine draws a patch about every second centimetre of lung by chance; a case that is nothing but the
surroundings of one rejected finding makes each of its patches show it. No nodule is centred on it:
the lung of such a case is a shell around the finding.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray

from medical.ct.prepare import Prepared, prepare
from medical.ct.volume import CtVolume
from medical.dicom.stacking.series import CtSeries
from medical.errors import InputError
from medical.evaluation.tables import ReferenceFinding
from medical.files import written_atomically
from medical.io.series_handle import SeriesHandle
from medical.synthesis.case import TrainingCase
from medical.training.cases.truth import as_rows, implausible_lesions, lesions_of

_log = logging.getLogger(__name__)

_FORMAT = 4  # raise it when preparation changes: kept cases are then made again
_NEAR_MM = 10  # a nodule's centre this far from the lung mask may still be pleural
MAX_A_CASE = 20
_HALF_MM = 84  # half a patch of 96 mm, turned
_REACH_MM = 28  # lung this far from the finding: it is in every patch that is centred there
_FREE_MM = 8
_GRID = 4  # the engine draws centres from every fourth voxel
_MIN_PLACES = 8


class UnreadableError(Exception):
    """A series whose pixels cannot be read; the others go on."""


def prepared_case(
    handle: SeriesHandle,
    folder: Path,
    truth: list[ReferenceFinding],
    *,
    truth_path: Path,
    rejected: Sequence[ReferenceFinding] = (),
) -> tuple[TrainingCase, Path]:
    """Read a case, or take it from an earlier start of this run.

    Args:
        handle: the CT.
        folder: of kept cases; made where it is missing.
        truth: all lesions.
        truth_path: what errors name.
        rejected: all findings that a reader called no nodule; those outside their CT are passed
            by.

    Returns:
        The case and its file.

    Raises:
        UnreadableError: the CT cannot be read.
        NoLungError: it shows no lung.
        InputError: the truth does not fit the CT; its row is named.
    """
    uid = handle.series_instance_uid
    lesions_of_ct = [lesion for lesion in truth if lesion.series_uid == uid]
    away = [finding for finding in rejected if finding.series_uid == uid]
    stored = folder / f"{uid}.{_digest(handle, lesions_of_ct, away)}.npz"
    if stored.exists():
        try:
            return TrainingCase.load(stored), stored
        except (OSError, ValueError, KeyError, BadZipFile):
            stored.unlink()  # torn when the earlier run was cut off
    try:
        ct = handle.load()
    except InputError as error:
        raise UnreadableError(str(error)) from error
    lesions = lesions_of(truth, ct, path=truth_path)
    prepared = prepare(ct)
    _refuse_outside_lungs(lesions, ct, prepared, path=truth_path)
    for question in implausible_lesions(lesions, ct):
        _log.info(f"please check: {question}")
    case = TrainingCase.from_prepared(
        prepared, as_rows(lesions), name=uid, rejected_lps_mm=as_rows(away)
    )
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob(f"{uid}.*.npz"):
        stale.unlink()
    with written_atomically(stored) as beside:
        case.save(beside)
    return case, stored


def _digest(
    handle: SeriesHandle, lesions: list[ReferenceFinding], rejected: list[ReferenceFinding]
) -> str:
    """Of the truth's rows, the rejected findings and the CT's files (names and sizes)."""
    origin = handle.origin
    paths = {f.path for f in origin.frames} if isinstance(origin, CtSeries) else {origin}
    files = sorted((path.name, path.stat().st_size if path.exists() else -1) for path in paths)
    rows, away = (
        sorted((*item.center_lps_mm, item.diameter_mm) for item in kind)
        for kind in (lesions, rejected)
    )
    contents = json.dumps([_FORMAT, files, rows, away] if away else [_FORMAT, files, rows])
    return hashlib.sha256(contents.encode()).hexdigest()[:12]


def _refuse_outside_lungs(
    lesions: list[ReferenceFinding], ct: CtVolume, prepared: Prepared, *, path: Path
) -> None:
    for lesion in lesions:
        if _near_lung(lesion.center_lps_mm, prepared):
            continue
        as_voxel = ct.geometry.voxel_to_lps(lesion.center_lps_mm[::-1])
        if _near_lung(tuple(as_voxel.tolist()), prepared):
            raise InputError(
                path,
                f"row {lesion.row} lies outside the lungs, but inside them if read as voxels",
                "Centres must be LPS millimetres (x, y, z), not voxels",
            )
        raise InputError(
            path,
            f"row {lesion.row} lies more than {_NEAR_MM} mm outside the lungs of its CT",
            "Correct the centre, or remove the row",
        )


def _near_lung(center_lps_mm: tuple[float, ...], prepared: Prepared) -> bool:
    center = np.rint(prepared.geometry.lps_to_voxel(center_lps_mm)).astype(int)
    if (center < 0).any() or (center >= prepared.lung.shape).any():
        return False
    low = np.maximum(center - _NEAR_MM, 0)
    box = tuple(slice(a, c + _NEAR_MM + 1) for a, c in zip(low, center, strict=True))
    return bool(prepared.lung[box].any())


def around_rejected(case: TrainingCase) -> list[TrainingCase]:
    """One small case for each rejected finding that has lung around it, ``MAX_A_CASE`` at most."""
    made = [_around(case, row, index) for index, row in enumerate(case.rejected[:MAX_A_CASE])]
    return [item for item in made if item is not None]


def _around(case: TrainingCase, row: NDArray[np.float32], index: int) -> TrainingCase | None:
    center, diameter_mm = row[:3], float(row[3])
    middle = np.rint(center).astype(int)
    low = np.maximum(middle - _HALF_MM, 0)
    high = np.minimum(middle + _HALF_MM + 1, case.code.shape)
    if (high <= low).any():
        return None
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    grid = np.ogrid[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    squares = [
        (axis - position).astype(np.float32) ** 2
        for axis, position in zip(grid, center, strict=True)
    ]
    away_mm = np.sqrt(squares[0] + squares[1] + squares[2])
    shell = (away_mm > diameter_mm / 2 + _FREE_MM) & (away_mm < diameter_mm / 2 + _REACH_MM)
    lung = case.lung[box] & shell
    if lung[::_GRID, ::_GRID, ::_GRID].sum() < _MIN_PLACES:
        return None
    nothing = np.zeros((0, 4), np.float32)
    return replace(
        case,
        name=f"{case.name} rejected {index + 1}",
        code=case.code[box],
        lung=lung,
        nodules=_within(case.nodules, low, high),
        ignore_regions=_within(case.ignore_regions, low, high),
        rejected=nothing,
    )


def _within(
    rows: Float32[np.ndarray, "n 4"], low: np.ndarray, high: np.ndarray
) -> Float32[np.ndarray, "m 4"]:
    """Return the rows in a box, by the box's own voxels."""
    inside = ((rows[:, :3] >= low) & (rows[:, :3] < high)).all(1)
    shifted = rows[inside].copy()
    shifted[:, :3] -= low
    return shifted.astype(np.float32)
