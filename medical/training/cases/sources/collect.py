"""CTs and their truth, whatever says it: a table, DICOM objects, masks, or the reading room.

What is not a table is written down as one, ``OUT/truth.csv`` with LUNA16's columns and where each
row comes from, so that every later check names a row that can be looked at and mended; readers'
rejected findings go to ``OUT/rejected.csv``.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pydicom
from pydicom.dataset import Dataset

from medical.dicom.header.patient import Person, person_of
from medical.dicom.header.tags import items, quiet_pydicom, text
from medical.dicom.stacking.series import CtSeries
from medical.errors import InputError
from medical.evaluation.tables import ReferenceFinding, read_reference
from medical.intake import open_input
from medical.io.archive import DEFAULT_LIMIT_BYTES, UnpackBudget
from medical.io.series_handle import SeriesHandle
from medical.io.volume_files import is_volume_file
from medical.io.walk import Walk
from medical.plain_text import counted
from medical.training.cases.sources.contours import (
    STRUCTURE_SET,
    contour_lesions,
    referenced_series,
)
from medical.training.cases.sources.lesion import Lesion, Planes, merged
from medical.training.cases.sources.masks import is_mask, mask_lesions, mask_of
from medical.training.cases.sources.reviewed import exported_lesions, is_store, reviewed_studies
from medical.training.cases.sources.segmentation import SEGMENTATIONS, segmentation_lesions
from medical.training.cases.sources.structured import REPORTS, structured_lesions
from medical.training.cases.truth import read_truth

_log = logging.getLogger(__name__)

Row = TypeVar("Row", ReferenceFinding, Lesion)
_KINDS = frozenset({STRUCTURE_SET, *SEGMENTATIONS, *REPORTS})
_MAX_SAID = 40
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


def collect(cases: Path | str, *, out: Path, truth: Path | None, work: Path) -> Collected:
    """Find CTs and truth.

    Args:
        cases: folder, or the address of a store.
        out: where tables are written.
        truth: table; ``cases/annotations.csv``, else what lies beside the CTs, where not given.
        work: folder for unpacked archives, which must outlive the result.

    Raises:
        InputError: what the user can mend.
    """
    if is_store(str(cases)):
        reviewed = reviewed_studies(str(cases), work=work)
        return _as_tables(reviewed.handles, reviewed.lesions, out=out, cases="store")
    folder = Path(cases)
    rows_given = read_truth(truth) if truth is not None else None  # before CTs are looked at
    table = truth or folder / "annotations.csv"
    if rows_given is None and table.exists():
        rows_given = read_truth(table)
    objects = [] if rows_given is not None else list(_find_objects(folder, work=work))
    meant = {item.series_uid for item in rows_given or ()} | {
        uid for item in objects for uid in item.series
    }
    intake = open_input(folder, work_dir=work, is_no_ct=is_mask, preferred=meant)
    if not intake.chosen:
        raise intake.errors[0]  # the only one
    for error in intake.errors:
        _log.info(f"left out: {error}")
    handles = list(intake.chosen)
    if rows_given is not None:
        _report_unknown_series(rows_given, handles, place=lambda row: f"{table.name} row {row.row}")
        return Collected(_sorted(handles), rows_given, table, [])
    objects = [item for item in objects if _of_its_patient(item, handles)]
    lesions = [*_beside(handles, intake.set_aside), *_lesions_of(objects, Planes.of(handles))]
    if not lesions:
        raise InputError(table, "no truth table here, nor masks, SEG, RTSTRUCT, SR or reports",
                         "Name a table with --truth")  # fmt: skip
    _report_unknown_series(lesions, handles, place=lambda lesion: lesion.place)
    collected = _as_tables(handles, lesions, out=out, cases=str(folder))
    _report_rows(collected.truth_path, {handle.series_instance_uid for handle in handles})
    return collected


def _sorted(handles: Iterable[SeriesHandle]) -> list[SeriesHandle]:
    return sorted(handles, key=lambda handle: handle.series_instance_uid)


def _report_unknown_series(
    rows: Iterable[Row], handles: Iterable[SeriesHandle], *, place: Callable[[Row], str]
) -> None:
    """Name what belongs to no CT here: its CT would count as free of nodules otherwise."""
    known = {handle.series_instance_uid for handle in handles}
    strangers = [row for row in rows if row.series_uid not in known]
    for row in strangers[:_MAX_SAID]:
        _log.info(f"left out: {place(row)}: its series {row.series_uid} is not among the CTs")
    if len(strangers) > _MAX_SAID:
        _log.info(
            f"left out: {counted(len(strangers) - _MAX_SAID, 'more row')} whose series is not "
            "among the CTs"
        )


def _report_rows(path: Path, known: set[str]) -> None:
    """Each row of truth that was made of objects and masks, with where it came from."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["seriesuid"] in known]
    for row in rows[:_MAX_SAID]:
        x, y, z, diameter = (float(row[name]) for name in _HEADING[1:5])
        _log.info(
            f"truth: {row['seriesuid']}: LPS ({x:.1f}, {y:.1f}, {z:.1f}), {diameter:.1f} mm, "
            f"from {row['source']}"
        )
    if len(rows) > _MAX_SAID:
        _log.info(f"truth: {counted(len(rows) - _MAX_SAID, 'more row')}, all in {path}")


def _beside(handles: Sequence[SeriesHandle], masks: Sequence[Path]) -> list[Lesion]:
    collected: list[Lesion] = []
    for handle in handles:
        if isinstance(handle.origin, Path) and (mask := mask_of(handle.origin, masks)) is not None:
            uid = handle.series_instance_uid
            ct = handle.load().geometry
            collected += mask_lesions(mask, series_uid=uid, place=mask.name, ct=ct)
    return collected


@dataclass(frozen=True, slots=True)
class _Object:
    """A DICOM object or exported report that may hold lesions.

    Args:
        file: where it lies.
        shown: what people call it.
        place: the same, below the folder.
        kind: its SOP class; empty for an exported report.
        series: CT series that it says it is about.
        person: whom its header names; nobody for an exported report.
    """

    file: Path
    shown: Path
    place: str
    kind: str
    series: tuple[str, ...]
    person: Person = field(default_factory=Person)


def _find_objects(folder: Path, *, work: Path) -> Iterator[_Object]:
    """Every SEG, RTSTRUCT, SR and exported report below the folder."""
    walk = Walk(work, UnpackBudget(DEFAULT_LIMIT_BYTES))
    with quiet_pydicom():
        for file in walk.files(folder):
            if is_volume_file(file):
                continue
            shown = walk.as_named(file)
            place = str(shown.relative_to(folder)) if shown.is_relative_to(folder) else shown.name
            if file.suffix.lower() == ".json":
                collected = exported_lesions(file) or []
                series = tuple(dict.fromkeys(item.series_uid for item in collected))
                yield _Object(file, shown, place, "", series)
            elif (kind := _class_of(file)) in _KINDS:
                series, person = _about(file, kind)
                yield _Object(file, shown, place, kind, series, person)


def _lesions_of(objects: Iterable[_Object], planes: Planes) -> list[Lesion]:
    collected: list[Lesion] = []
    with quiet_pydicom():
        for object in objects:
            if not object.kind:
                collected += exported_lesions(object.file) or []
                continue
            if object.kind in SEGMENTATIONS:
                lesions = segmentation_lesions(object.file, place=object.place)
            elif object.kind == STRUCTURE_SET:
                lesions = contour_lesions(object.file, planes, place=object.place)
            else:
                lesions = structured_lesions(object.file, planes, place=object.place)
            if not lesions:
                _log.info(f"no lesion in {object.shown}")
            collected += lesions
    return collected


def _of_its_patient(item: _Object, handles: Iterable[SeriesHandle]) -> bool:
    """Whether an object names the patient of the CTs that it refers to; if not, it is said."""
    cts = [handle.origin for handle in handles if isinstance(handle.origin, CtSeries)]
    meant = [ct for ct in cts if {ct.uid, ct.header.series_instance_uid} & set(item.series)]
    differ = [len({item.person.number, ct.header.person.number} - {""}) == 2 for ct in meant or cts]
    if any(differ) if meant else differ and all(differ):
        _log.info(f"left out: {item.shown}: its patient is not that of the CT it refers to")
        return False
    return True


def _about(file: Path, kind: str) -> tuple[tuple[str, ...], Person]:
    """Series that an object refers to, and whose it is; its reader says where it is damaged."""
    try:
        dataset = pydicom.dcmread(file, stop_before_pixels=True)
        return _series_of(dataset, kind), person_of(dataset)
    except Exception:  # pydicom raises nearly anything on damaged objects
        return (), Person()


def _series_of(dataset: Dataset, kind: str) -> tuple[str, ...]:
    if kind == STRUCTURE_SET:
        return tuple(referenced_series(dataset))
    places: list[Dataset] = [dataset]
    for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence"):
        places += items(dataset, keyword)
    named = [text(item, "SeriesInstanceUID") for place in places
             for item in items(place, "ReferencedSeriesSequence")]  # fmt: skip
    return tuple(uid for uid in named if uid)


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
    nodules = [item for item in known if item.verdict == "nodule"]
    rejected = [item for item in known if item.verdict == "rejected"]
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
        for lesion in lesions:
            place = [f"{value:.3f}" for value in lesion.center_lps_mm]
            writer.writerow([lesion.series_uid, *place, f"{lesion.diameter_mm:.3f}", lesion.place])
    return path
