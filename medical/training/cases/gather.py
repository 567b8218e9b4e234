"""Everything that is checked before the first minute of training is spent."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from medical.ct.prepare import NoLungError
from medical.errors import InputError
from medical.evaluation.tables import ReferenceFinding
from medical.io.series_handle import SeriesHandle
from medical.training.cases.preparing import UnreadableError, prepared_case
from medical.training.cases.sources.collect import collect
from medical.training.cases.split import (
    chosen_split,
    freeze,
    frozen_split,
    given_split,
    patient_of,
    read_split,
)
from medical.training.cases.truth import check_truth_matches_series
from medical.training.config import Cases

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Checked cases.

    Args:
        training: file of each prepared training case by series UID.
        held_out: scans to calibrate and evaluate on, of other patients.
        held_out_cases: their prepared files by series UID.
        patients: key of the patient by series UID.
        truth: all lesions.
        truth_path: where they come from.
    """

    training: dict[str, Path]
    held_out: list[SeriesHandle]
    held_out_cases: dict[str, Path]
    patients: dict[str, str]
    truth: list[ReferenceFinding]
    truth_path: Path


def gather(
    source: Cases,
    *,
    out: Path,
    seen: Collection[str],
    work: Path,
) -> Gathered:
    """Find CTs and truth, split by patient, prepare every case.

    Args:
        source: where CTs, truth and split are.
        out: of the run: keeps prepared cases and the split.
        seen: scans that the old model was trained on: they never evaluate.
        work: folder for unpacked archives, which must outlive the result.

    Raises:
        InputError: what the user can mend; of a table, the row is named.
    """
    cases = source.cases
    collected = collect(cases, out=out, truth=source.truth, work=work)
    handles, lesions, truth_path = collected.handles, collected.truth, collected.truth_path
    if not handles:
        raise InputError(cases, "no CT to train on", "Give chest CTs that show the lungs")
    patients = {handle.series_instance_uid: patient_of(handle) for handle in handles}
    check_truth_matches_series(lesions, set(patients), path=truth_path)
    table = source.split or (Path(cases) / "split.csv")
    held_names = _held_out(
        out / "held_out.json",
        table if source.split or table.exists() else None,
        patients,
        nodules=Counter(lesion.series_uid for lesion in lesions),
        seen=seen,
    )
    training: dict[str, Path] = {}
    held_cases: dict[str, Path] = {}
    held_out: list[SeriesHandle] = []
    for handle in handles:
        uid = handle.series_instance_uid
        try:
            _, file = prepared_case(
                handle,
                out / "cases",
                lesions,
                truth_path=truth_path,
                rejected=collected.rejected,
            )
        except (NoLungError, UnreadableError) as error:
            _log.info(f"left out: {handle.path}: {error}")
            continue
        if uid in held_names:
            held_out.append(handle)
            held_cases[uid] = file
        else:
            training[uid] = file
    if not training:
        raise InputError(cases, "no CT to train on", "Give chest CTs that show the lungs")
    if not held_out:
        _log.info("nothing is held out: too few patients whose scans the old model has not seen")
    return Gathered(training, held_out, held_cases, patients, lesions, truth_path)


def _held_out(
    frozen: Path,
    table: Path | None,
    patients: dict[str, str],
    *,
    nodules: Counter[str],
    seen: Collection[str],
) -> set[str]:
    """Return the frozen choice, else the table's, else a new one, frozen for resumptions."""
    held = frozen_split(frozen, patients)
    if held is not None:
        return held - set(seen)
    if table is not None:
        held = given_split(read_split(table), patients, nodules=nodules, seen=seen, path=table)
    else:
        held = chosen_split(patients, nodules=nodules, seen=seen)
    freeze(frozen, held)
    return held
