"""Series -> one chosen series for each study, with reasons for the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field, replace

from medical.dicom.header.person import tell_apart
from medical.dicom.stacking.choose import Candidate, choose
from medical.dicom.stacking.glance import glance_at_lung
from medical.dicom.stacking.series import CtSeries
from medical.errors import InputError


@dataclass(slots=True)
class Settled:
    """The outcome over all studies of one input."""

    chosen: list[tuple[CtSeries, str]] = field(default_factory=list)
    not_chosen: list[tuple[str, str]] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)


def settle_studies(series: Sequence[CtSeries], *, preferred: Collection[str] = ()) -> Settled:
    """Choose the best series of each study, among those preferred where it holds one.

    A series that cannot be used is an error only when its study has no other: a single-slice
    bolus check beside a good chest series is nothing to worry anybody with.
    """
    studies: dict[Hashable, list[CtSeries]] = defaultdict(list)
    for one in series:
        studies[_study_key(one)].append(one)
    result = Settled()
    for members in studies.values():
        for of_one in _by_person(members):
            _settle(of_one, result, preferred)
    return result


def _by_person(series: Sequence[CtSeries]) -> list[list[CtSeries]]:
    """Series of one Study Instance UID, apart by whose they are: one study, one patient."""
    people = tell_apart([one.header.person for one in series])
    groups: dict[int, list[CtSeries]] = defaultdict(list)
    for one in series:
        groups[people[one.header.person]].append(one)
    return list(groups.values())


def _study_key(series: CtSeries) -> Hashable:
    """Return the study UID as written; without it, what one patient frame or folder shares."""
    written = series.header.study_instance_uid
    return written or (series.header.frame_of_reference_uid or str(series.path),)


def _settle(members: Sequence[CtSeries], result: Settled, preferred: Collection[str]) -> None:
    candidates = []
    failures = []
    for one in members:
        try:
            candidates.append(Candidate(one, one.plan()))
        except InputError as error:
            failures.append((one, error))
    if len(candidates) > 1:  # to see whether they show lung costs some decoding
        candidates = [replace(one, lung_ml=glance_at_lung(one.plan)) for one in candidates]
    if not candidates:
        result.errors += [error for _, error in failures]
        return
    wanted = [one for one in candidates if one.series.uid in preferred]
    best, why, others = choose(wanted or candidates)
    if wanted:
        others += [(one, "another one is referred to") for one in candidates if one not in wanted]
    result.chosen.append((best.series, why))
    result.not_chosen += [(other.series.uid, reason) for other, reason in others]
    result.not_chosen += [(one.uid, error.problem) for one, error in failures]
