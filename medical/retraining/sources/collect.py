"""CTs and their truth, whatever says it: a table, DICOM objects, masks, or the reading room.

What is not a table is written down as one, ``OUT/truth.csv`` with LUNA16's columns and where each
row comes from, so that every later check names a row that can be looked at and mended; readers'
rejected marks go to ``OUT/rejected.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom

from medical.ct.files import is_volume_file
from medical.dicom.archive import DEFAULT_LIMIT_BYTES, UnpackBudget
from medical.dicom.tags import quiet_pydicom, text
from medical.dicom.walk import Walk
from medical.errors import InputError
from medical.evaluation.tables import ReferenceFinding, read_reference
from medical.intake import SeriesHandle, open_input
from medical.retraining.sources.contours import STRUCTURE_SET, contour_lesions
from medical.retraining.sources.lesion import Lesion, merged
from medical.retraining.sources.masks import is_mask, mask_lesions, mask_of
from medical.retraining.sources.planes import Planes
from medical.retraining.sources.reviewed import exported_lesions, is_store, reviewed_studies
from medical.retraining.sources.segmentation import SEGMENTATION, segmentation_lesions
from medical.retraining.sources.structured import REPORTS, structured_lesions
from medical.retraining.truth import read_truth

Say = Callable[[str], None]
_HEADING = ("seriesuid", "coordX", "coordY", "coordZ", "diameter_mm", "source")


@dataclass(frozen=True, slots=True)
class Collected:
    """What there is to train on, before it is checked.

    Args:
        handles: CTs, by series UID.
        truth: nodules.
        truth_path: the table that errors name.
        rejected: what readers looked at and called no nodule.
    """

    handles: list[SeriesHandle]
    truth: list[ReferenceFinding]
    truth_path: Path
    rejected: list[ReferenceFinding]


def collect(cases: Path | str, *, out: Path, truth: Path | None, work: Path, say: Say) -> Collected:
    """Find CTs and truth.

    Args:
        cases: folder, or the address of a store.
        out: where tables are written.
        truth: table; ``cases/annotations.csv``, else what lies beside the CTs, where not given.
        work: folder for unpacked archives, which must outlive the result.
        say: told what is left out and why.

    Raises:
        InputError: what the user can mend.
    """
    if is_store(str(cases)):
        reviewed = reviewed_studies(str(cases), work=work, say=say)
        return _as_tables(reviewed.handles, reviewed.lesions, out=out, cases="store")
    folder = Path(cases)
    told = read_truth(truth) if truth is not None else None  # before CTs are looked at
    intake = open_input(folder, work_dir=work)
    if not intake.chosen:
        raise intake.errors[0]  # the only one
    for error in intake.errors:
        say(f"left out: {error}")
    table = truth or folder / "annotations.csv"
    handles = [one for one in intake.chosen if not _is_mask(one)]
    if told is not None or table.exists():
        return Collected(_sorted(handles), told or read_truth(table), table, [])
    masks = [one.origin for one in intake.chosen if _is_mask(one) and isinstance(one.origin, Path)]
    lesions = [*_beside(handles, masks), *_objects(folder, Planes.of(handles), work=work, say=say)]
    if not lesions:
        raise InputError(table, "no truth table here, nor masks, SEG, RTSTRUCT, SR or reports",
                         "Name a table with --truth")  # fmt: skip
    return _as_tables(handles, lesions, out=out, cases=str(folder))


def _is_mask(handle: SeriesHandle) -> bool:
    return isinstance(handle.origin, Path) and is_mask(handle.origin)


def _sorted(handles: Iterable[SeriesHandle]) -> list[SeriesHandle]:
    return sorted(handles, key=lambda handle: handle.series_instance_uid)


def _beside(handles: Sequence[SeriesHandle], masks: Sequence[Path]) -> list[Lesion]:
    found: list[Lesion] = []
    for handle in handles:
        if isinstance(handle.origin, Path) and (mask := mask_of(handle.origin, masks)) is not None:
            uid = handle.series_instance_uid
            found += mask_lesions(mask, series_uid=uid, place=mask.name)
    return found


def _objects(folder: Path, planes: Planes, *, work: Path, say: Say) -> list[Lesion]:
    """Lesions of every DICOM object and exported report below the folder."""
    walk = Walk(work, UnpackBudget(DEFAULT_LIMIT_BYTES))
    found: list[Lesion] = []
    with quiet_pydicom():
        for file in walk.files(folder):
            if is_volume_file(file):
                continue
            shown = walk.as_named(file)
            place = str(shown.relative_to(folder)) if shown.is_relative_to(folder) else shown.name
            if file.suffix.lower() == ".json":
                found += exported_lesions(file) or []
                continue
            kind = _class_of(file)
            if kind == SEGMENTATION:
                mine = segmentation_lesions(file, place=place)
            elif kind == STRUCTURE_SET:
                mine = contour_lesions(file, place=place)
            elif kind in REPORTS:
                mine = structured_lesions(file, planes, place=place)
            else:
                continue
            if not mine:
                say(f"no lesion in {shown}")
            found += mine
    return found


def _class_of(file: Path) -> str:
    try:
        return text(
            pydicom.dcmread(file, stop_before_pixels=True, specific_tags=["SOPClassUID"]),
            "SOPClassUID",
        )
    except Exception:  # no DICOM, or a damaged one, which the intake has named
        return ""


def _as_tables(
    handles: Iterable[SeriesHandle], lesions: Sequence[Lesion], *, out: Path, cases: str
) -> Collected:
    known = merged(lesions)
    nodules = [one for one in known if one.verdict == "nodule"]
    rejected = [one for one in known if one.verdict == "rejected"]
    if not nodules:
        raise InputError(cases, "no nodule in it", "Give at least one CT with a nodule")
    truth_path = _write(out / "truth.csv", nodules)
    truth = read_truth(truth_path)
    away: list[ReferenceFinding] = []
    if rejected:
        away = read_reference(_write(out / "rejected.csv", rejected))
    return Collected(_sorted(handles), truth, truth_path, away)


def _write(path: Path, lesions: Sequence[Lesion]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_HEADING)
        for one in lesions:
            place = [f"{value:.3f}" for value in one.center_lps_mm]
            writer.writerow([one.series_uid, *place, f"{one.diameter_mm:.3f}", one.place])
    return path
