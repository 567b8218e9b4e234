"""Which cases train and which are kept to evaluate: by patient, chosen once, then frozen.

A patient is known by a key that does not name them. Two CTs of one person in training and
evaluation would flatter the model.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom

from medical.dicom.header.tags import quiet_pydicom, text
from medical.dicom.stacking.series import CtSeries
from medical.errors import InputError
from medical.io.series_handle import SeriesHandle

TRAINING, EVALUATION = "training", "evaluation"
_COLUMNS = ("seriesuid", "split", "patient")
_HELD_OUT_SHARE = 0.2
_MIN_TO_VALIDATE = 5


def patient_of(handle: SeriesHandle) -> str:
    """Digest the Patient ID and its issuer, or the best stand-in.

    Without a Patient ID the study stands for the patient, without a study (volume files) the file.
    """
    named = _patient_id(handle.origin) if isinstance(handle.origin, CtSeries) else ""
    key = named or handle.study_instance_uid or handle.series_instance_uid
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _patient_id(series: CtSeries) -> str:
    """``issuer|id`` of the first slice whose header can be read; empty without an ID."""
    for frame in series.frames:
        with quiet_pydicom():
            try:
                header = pydicom.dcmread(
                    frame.path,
                    stop_before_pixels=True,
                    force=True,
                    specific_tags=["PatientID", "IssuerOfPatientID"],
                )
            except Exception:  # pydicom raises nearly anything on damaged headers
                continue
            patient = text(header, "PatientID")
            return f"{text(header, 'IssuerOfPatientID')}|{patient}" if patient else ""
    return ""


@dataclass(frozen=True, slots=True)
class SplitRow:
    """One line of a split table; ``patient`` is empty where the table does not say."""

    row: int
    series_uid: str
    part: str
    patient: str = ""


def read_split(path: Path) -> list[SplitRow]:
    """Read ``seriesuid,split`` with an optional column ``patient``.

    Raises:
        InputError: unreadable, a column or word is missing or unknown, or a series stands twice;
            the row is named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            names = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = names
            lines = [(reader.line_num, line) for line in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, f"cannot be read as CSV ({error})", "Give CSV in UTF-8") from error
    if missing := [name for name in ("seriesuid", "split") if name not in names]:
        raise InputError(
            path, f"row 1: column {', '.join(missing)} is missing", "Give seriesuid,split"
        )
    rows: dict[str, SplitRow] = {}
    for number, line in lines:
        uid, part, patient = (
            (line.get(k) or "").strip() for k in ("seriesuid", "split", "patient")
        )
        if part not in (TRAINING, EVALUATION):
            raise InputError(
                path, f"row {number}: split is '{part}'", f"Write {TRAINING} or {EVALUATION}"
            )
        if uid in rows:
            problem = f"row {number} repeats series {uid} of row {rows[uid].row}"
            raise InputError(path, problem, "Remove one of the two")
        rows[uid] = SplitRow(number, uid, part, patient)
    return list(rows.values())


def given_split(
    rows: Sequence[SplitRow],
    patients: Mapping[str, str],
    *,
    nodules: Mapping[str, int],
    seen: Collection[str],
    path: Path,
) -> set[str]:
    """Check the held-out series of a split table.

    Args:
        rows: of the table.
        patients: key of the patient by series UID, of every CT at hand.
        nodules: reference nodules by series UID.
        seen: series that the model to start from or to replace was trained on.
        path: of the table.

    Raises:
        InputError: a patient stands on both sides, an evaluation scan was trained on before, a CT
            stands in no row, or a side has no nodule; the row is named.
    """
    here = [row for row in rows if row.series_uid in patients]
    if unlisted := sorted(set(patients) - {row.series_uid for row in here}):
        raise InputError(path, f"no row for series {unlisted[0]}", "Add it, or remove the CT")
    side: dict[str, SplitRow] = {}
    for row in here:
        for patient in {patients[row.series_uid], row.patient} - {""}:
            first = side.setdefault(patient, row)
            if first.part != row.part:
                raise InputError(
                    path,
                    f"row {row.row}: the patient of {row.series_uid} is in {row.part}, "
                    f"but in {first.part} by row {first.row}",
                    "Put all scans of a patient on one side",
                )
        if row.part == EVALUATION and row.series_uid in seen:
            raise InputError(
                path,
                f"row {row.row}: {row.series_uid} was trained on before",
                f"Move the patient to {TRAINING}",
            )
    for part in (TRAINING, EVALUATION):
        rows_of_part = [row for row in here if row.part == part]
        if rows_of_part and not any(nodules.get(row.series_uid) for row in rows_of_part):
            raise InputError(
                path,
                f"row {rows_of_part[0].row}: no scan in {part} has a nodule, "
                f"of {len(rows_of_part)}",
                "Put scans with and without nodules on both sides",
            )
    return {row.series_uid for row in here if row.part == EVALUATION}


def chosen_split(
    patients: Mapping[str, str], *, nodules: Mapping[str, int], seen: Collection[str]
) -> set[str]:
    """Hold out a fifth of the patients, at least one, of whom no scan was trained on before.

    Stable: the choice follows from the patients' keys alone. One with a nodule is held out where
    another with a nodule stays to train on.
    """
    known = {patients[uid] for uid in seen if uid in patients}
    order = sorted(set(patients.values()))
    free = [patient for patient in order if patient not in known]
    if len(order) < 2 or not free:
        return set()
    count = min(len(free), max(1, round(_HELD_OUT_SHARE * len(order))))
    ill = {patients[uid] for uid, number in nodules.items() if number and uid in patients}
    # the healthy last: without nodules there is no sensitivity to measure
    ranked = sorted(free, key=lambda patient: patient not in ill)
    chosen: list[str] = []
    for patient in ranked:
        if len(chosen) < count and (patient not in ill or len(ill - {*chosen, patient}) > 0):
            chosen.append(patient)
    chosen = chosen[: len(order) - 1]
    return {uid for uid, patient in patients.items() if patient in chosen}


def chosen_validation(patients: Mapping[str, str]) -> set[str]:
    """Choose a fifth of the training patients for the best weights; none below five patients."""
    order = sorted(set(patients.values()))
    if len(order) < _MIN_TO_VALIDATE:
        return set()
    chosen = set(order[:: round(1 / _HELD_OUT_SHARE)])
    return {uid for uid, patient in patients.items() if patient in chosen}


def frozen_split(path: Path, patients: Mapping[str, str]) -> set[str] | None:
    """Return an earlier start's choice; further scans of held-out patients are held out too.

    Raises:
        InputError: the file is no such list.
    """
    if not path.exists():
        return None
    try:
        names = set(json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError, OSError) as error:
        raise InputError(path, "not a list of series", "Remove it and start again") from error
    held = {patients[uid] for uid in names if uid in patients}
    return names | {uid for uid, patient in patients.items() if patient in held}


def freeze(path: Path, held_out: Collection[str]) -> None:
    """Write the choice where ``frozen_split`` reads it."""
    path.write_text(json.dumps(sorted(held_out), indent=2) + "\n", "utf-8")
