"""Which of a hospital's CTs to learn from and which to keep aside, by patient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, zip_longest

from medical.dicom.stacking.series import CtSeries
from medical.io.series_handle import SeriesHandle

UNKNOWN_SCANNER = "scanner not told"
LEAST_KEPT = 5  # patients kept aside where anything is learnt: the gate cannot tell by fewer
_SHARE_KEPT = 1 / 3


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
    """Series to calibrate and to judge on; the others are learnt from.

    Patients of whom a scan was trained on before are never kept aside. Of the others a third is,
    at least ``LEAST_KEPT``, spread evenly over the scanners; all of them where nothing is learnt.
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
        count = max(LEAST_KEPT, round(_SHARE_KEPT * len(order)))
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
