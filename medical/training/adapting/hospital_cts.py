"""From a folder of a hospital's CTs to prepared cases on two sides, apart by patient.

Which CTs to learn from and which to keep aside follows from patients and scanners. On failure: a CT
that cannot be used is left out with a sentence; the others go on.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from medical.ct.prepare import NoLungError
from medical.dicom.stacking.series import CtSeries
from medical.errors import InputError
from medical.intake import open_input
from medical.io.series_handle import SeriesHandle
from medical.plain_text import counted
from medical.synthesis.case import TrainingCase
from medical.training.calibration.recalibrate import MIN_SCANS
from medical.training.cases.preparing import UnreadableError, prepared_case
from medical.training.cases.split import freeze, frozen_split, patient_of

UNKNOWN_SCANNER = "scanner not told"
MIN_KEPT = 5  # patients kept aside where anything is learnt: the gate cannot tell by fewer
_SHARE_KEPT = 1 / 3
_log = logging.getLogger(__name__)
MAX_CTS = 36  # a case takes 220 MB while it is learnt from, minutes to calibrate on
_FROZEN = "kept_aside.json"


def acquisition_of(handle: SeriesHandle) -> dict[str, str]:
    """How a series was acquired; empty for volume files, which do not say."""
    origin = handle.origin
    return dict(origin.header.acquisition) if isinstance(origin, CtSeries) else {}


def scanner_of(acquisition: Mapping[str, str]) -> str:
    """Manufacturer and model, as a reader would name the machine."""
    parts = (acquisition.get(key, "") for key in ("manufacturer", "model"))
    return " ".join(part for part in parts if part) or UNKNOWN_SCANNER


def kept_aside(
    patients: Mapping[str, str],
    scanners: Mapping[str, str],
    *,
    seen: Collection[str],
    learn: bool,
) -> set[str]:
    """Series to calibrate and to evaluate on; the others are learnt from.

    Patients of whom a scan was trained on before are never kept aside. Of the others a third is,
    at least ``MIN_KEPT``, spread evenly over the scanners; all of them where nothing is learnt.
    The choice follows from the patients' keys and scanners alone.

    Args:
        patients: key of the patient by series.
        scanners: name of the scanner by series.
        seen: series that the old model was trained on.
        learn: whether anything is learnt, so that CTs are needed for that.

    Returns:
        Series UIDs; none where nothing could be learnt from what is left.
    """
    first = {patients[uid]: scanners[uid] for uid in sorted(patients, reverse=True)}
    order = sorted(first, key=lambda patient: (first[patient], patient))
    known = {patients[uid] for uid in seen if uid in patients}
    free = [patient for patient in order if patient not in known]
    if learn:
        count = max(MIN_KEPT, round(_SHARE_KEPT * len(order)))
        if len(free) < count or len(order) <= count:
            return set()
        free = [free[int((place + 0.5) * len(free) / count)] for place in range(count)]
    chosen = set(free)
    return {uid for uid, patient in patients.items() if patient in chosen}


def in_turns(uids: Sequence[str], scanners: Mapping[str, str]) -> list[str]:
    """Order the series so that the scanners take turns: any first few are of all of them."""
    groups: dict[str, list[str]] = defaultdict(list)
    for uid in sorted(uids):
        groups[scanners[uid]].append(uid)
    rows = zip_longest(*(groups[name] for name in sorted(groups)))
    return [uid for uid in chain.from_iterable(rows) if uid is not None]


@dataclass(frozen=True, slots=True)
class HospitalCt:
    """One unlabelled CT that can be used.

    Args:
        uid: series UID, or the file's stem.
        file: its prepared case.
        acquisition: as ``SeriesSource`` has it; empty for volume files.
    """

    uid: str
    file: Path
    acquisition: dict[str, str]

    @property
    def scanner(self) -> str:
        """Manufacturer and model."""
        return scanner_of(self.acquisition)

    def case(self) -> TrainingCase:
        """Read the prepared case."""
        return TrainingCase.load(self.file)


@dataclass(frozen=True, slots=True)
class HospitalCts:
    """The two sides; no patient is on both.

    Args:
        learnt: to learn from; empty where nothing is learnt.
        aside: to calibrate and to evaluate on.
    """

    learnt: list[HospitalCt]
    aside: list[HospitalCt]


def gather(
    folder: Path,
    *,
    out: Path,
    seen: Collection[str],
    learn: bool,
    work: Path,
) -> HospitalCts:
    """Find the CTs, prepare what can be used, choose the sides.

    Args:
        folder: or zip, DICOMDIR, volume file.
        out: of the run: keeps prepared cases and the choice.
        seen: series that the old model was trained on; they are never kept aside.
        learn: whether CTs are needed to learn from.
        work: folder for unpacked archives, which must outlive the call.

    Raises:
        InputError: there is no CT, or there are too few.
    """
    intake = open_input(folder, work_dir=work)
    if not intake.chosen:
        raise intake.errors[0]  # the only one
    for error in intake.errors:
        _log.info(f"left out: {error}")
    handles = {handle.series_instance_uid: handle for handle in intake.chosen}
    usable = _usable(handles, out, folder)
    patients = {ct.uid: patient_of(handles[ct.uid]) for ct in usable}
    scanners = {ct.uid: ct.scanner for ct in usable}
    held = _held(out / _FROZEN, patients, scanners, seen=seen, learn=learn)
    aside = [ct for ct in usable if ct.uid in held]
    learnt = [ct for ct in usable if ct.uid not in held] if learn else []
    least = MIN_KEPT if learn else MIN_SCANS
    if len(aside) < least or (learn and not learnt):
        raise InputError(folder, *_too_few(len(usable), learn=learn, least=least))
    return HospitalCts(learnt, aside)


def _held(
    frozen: Path,
    patients: dict[str, str],
    scanners: dict[str, str],
    *,
    seen: Collection[str],
    learn: bool,
) -> set[str]:
    """Choose the held-out CTs; frozen where CTs are learnt from, which must not change sides."""
    if not learn:
        return kept_aside(patients, scanners, seen=seen, learn=False)
    held = frozen_split(frozen, patients)
    if held is None:
        held = kept_aside(patients, scanners, seen=seen, learn=True)
        if held:
            freeze(frozen, held)
    return held


def _too_few(usable: int, *, learn: bool, least: int) -> tuple[str, str]:
    problem = (
        f"{counted(usable, 'usable CT')}; of patients whom the model has not seen {least} must be "
        "kept aside"
    )
    if learn:
        return f"{problem}, besides others to learn from", "Give more patients, or --how calibrate"
    return problem, "Give more patients"


def _usable(handles: dict[str, SeriesHandle], out: Path, folder: Path) -> list[HospitalCt]:
    """Return the first ``MAX_CTS`` that can be prepared, of all scanners in turn."""
    acquisitions = {uid: acquisition_of(handle) for uid, handle in handles.items()}
    usable: list[HospitalCt] = []
    for uid in in_turns(list(handles), {uid: scanner_of(how) for uid, how in acquisitions.items()}):
        if len(usable) == MAX_CTS:
            _log.info(
                f"the first {MAX_CTS} of {len(handles)} CTs are used, of all scanners in turn"
            )
            break
        handle = handles[uid]
        try:
            _, file = prepared_case(handle, out / "cases", [], truth_path=folder)
        except (NoLungError, UnreadableError) as error:
            named = error if str(handle.path) in str(error) else f"{handle.path}: {error}"
            _log.info(f"left out: {named}")
            continue
        usable.append(HospitalCt(uid, file, acquisitions[uid]))
    return usable
