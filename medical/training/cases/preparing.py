"""From CTs and their truth to training cases, kept in OUT for the next start.

A kept case is used only while CT and truth are the same: its name holds a digest of both.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from medical.ct.prepare import Prepared, prepare
from medical.ct.volume import CtVolume
from medical.dicom.stacking.series import CtSeries
from medical.errors import InputError
from medical.evaluation.tables import ReferenceFinding
from medical.files import written_atomically
from medical.io.series_handle import SeriesHandle
from medical.synthesis.case import TrainingCase
from medical.training.cases.truth import as_rows, doubtful_lesions, lesions_of

_log = logging.getLogger(__name__)

_FORMAT = 4  # raise it when preparation changes: kept cases are then made again
_NEAR_MM = 10  # a nodule's centre this far from the lung mask may still be pleural


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
        rejected: all marks that a reader called no nodule; those outside their CT are passed by.

    Returns:
        The case and its file.

    Raises:
        UnreadableError: the CT cannot be read.
        NoLungError: it shows no lung.
        InputError: the truth does not fit the CT; its row is named.
    """
    uid = handle.series_instance_uid
    mine = [lesion for lesion in truth if lesion.series_uid == uid]
    away = [mark for mark in rejected if mark.series_uid == uid]
    stored = folder / f"{uid}.{_digest(handle, mine, away)}.npz"
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
    for question in doubtful_lesions(lesions, ct):
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
    """Of the truth's rows, the rejected marks and the CT's files (names and sizes)."""
    origin = handle.origin
    paths = {f.path for f in origin.frames} if isinstance(origin, CtSeries) else {origin}
    files = sorted((path.name, path.stat().st_size if path.exists() else -1) for path in paths)
    rows, away = (
        sorted((*one.center_lps_mm, one.diameter_mm) for one in kind)
        for kind in (lesions, rejected)
    )
    told = json.dumps([_FORMAT, files, rows, away] if away else [_FORMAT, files, rows])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


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
