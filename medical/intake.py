"""From what a user names (file, folder, zip, DICOMDIR, volume file) to the CT series to score.

Opening reads headers only; pixels are read when a series is loaded. Whatever is wrong with the
files ends up in ``Intake.errors``, one sentence each: only a path that does not exist raises.
What of an input was not taken is said in sentences.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path

from medical.confined import confined, places
from medical.dicom.header.frames import BrokenFile, CtFile, SkippedFile
from medical.dicom.header.headers import scan_file
from medical.dicom.header.tags import quiet_pydicom, valid_uid
from medical.dicom.prior_report import reports_of
from medical.dicom.stacking.grouping import group_series, unique_name
from medical.dicom.stacking.selection import settle_studies
from medical.dicom.stacking.series import CtSeries
from medical.errors import InputError
from medical.files import place_below
from medical.i18n.messages import message, plural_message
from medical.io.archive import DEFAULT_LIMIT_BYTES, UnpackBudget
from medical.io.series_handle import SeriesHandle
from medical.io.volume_files import is_volume_file, volume_stem
from medical.io.walk import Index, Walk, is_dicomdir, read_index
from medical.plain_text import counted
from medical.results.search import is_own_result

WHAT_TO_GIVE = message(
    "Give a folder, zip or DICOMDIR with a CT series, or a .nii.gz, .nrrd or .mhd volume"
)
NotChosen = tuple[str, str]
DICOM_SUFFIXES = (".dcm", ".dicom", ".ima", ".dic")


def missing_series(path: Path, missing: dict[str, int], series_uids: set[str]) -> list[InputError]:
    """Series that a DICOMDIR names and of which no image is there."""
    lost = {uid: count for uid, count in missing.items() if uid not in series_uids}
    if not lost:
        return []
    count = sum(lost.values())
    problem = plural_message(
        "{count} image of {series} series that the DICOMDIR names is not there",
        "{count} images of {series} series that the DICOMDIR names are not there",
        count,
        series=len(lost),
    )
    return [InputError(path, problem, message("Copy the whole medium again"))]


def skipped_series(skipped: Sequence[SkippedFile]) -> list[NotChosen]:
    """One line a series that is no CT: its UID, or its kind when it has none."""
    counts = Counter(
        (file.header.series_instance_uid or f"{file.modality} without UID", file.reason)
        for file in skipped
    )
    return [
        (name, f"{reason} ({counted(count, 'file')})") for (name, reason), count in counts.items()
    ]


def only_error(
    path: Path, errors: Sequence[InputError], skipped: Sequence[SkippedFile]
) -> InputError:
    """Return the one error of an input that holds nothing usable."""
    if len(errors) == 1:
        return errors[0]
    if errors:
        first = errors[0]
        problem = message(
            "holds nothing that can be used; {count} files or series failed, the first is "
            "{name}: {problem}",
            count=len(errors),
            name=first.path.name,
            problem=first.problem,
        )
        return InputError(path, problem, first.remedy, names=(first.path.name, *first.names))
    if skipped:
        kinds = Counter(file.reason for file in skipped).most_common(3)
        reasons = [
            message("{reason} ({count})", reason=reason, count=count) for reason, count in kinds
        ]
        what = reduce(lambda a, b: message("{first}, {others}", first=a, others=b), reasons)
        return InputError(path, message("holds no CT images: {what}", what=what), WHAT_TO_GIVE)
    what = (
        message("holds no CT images") if path.is_dir() else message("not an image that can be read")
    )
    return InputError(path, what, WHAT_TO_GIVE)


@dataclass(frozen=True, slots=True)
class Intake:
    """What an input holds.

    Args:
        chosen: one series a study, and every volume file.
        not_chosen: series UID or description, and why not.
        errors: files or series that cannot be used; exactly one when nothing at all can be.
        set_aside: volume files that are no CTs to the caller.
        unread: DICOM files of studies of which no series was chosen, though a CT was to be there.
    """

    chosen: tuple[SeriesHandle, ...]
    not_chosen: tuple[NotChosen, ...]
    errors: tuple[InputError, ...]
    set_aside: tuple[Path, ...] = ()
    unread: tuple[Path, ...] = ()


def open_input(
    path: Path,
    *,
    work_dir: Path,
    zip_limit_bytes: int = DEFAULT_LIMIT_BYTES,
    limit_seconds: float = math.inf,
    keep_names: bool = True,
    is_no_ct: Callable[[Path], bool] = lambda file: False,
    preferred: Collection[str] = (),
) -> Intake:
    """Find the CT series in whatever the user named.

    Args:
        path: a DICOM file, folder of any nesting, zip, DICOMDIR, or volume file.
        work_dir: zips are unpacked in new folders below it; the caller removes it.
        zip_limit_bytes: all zips of this input together may not unpack to more.
        limit_seconds: unpacking and sorting may take no longer.
        keep_names: call a series without a valid UID after its file; else it gets a number, for a
            file is often called after the patient.
        is_no_ct: which volume files are set aside before any is named, masks for example.
        preferred: series UIDs that are chosen of their study, where it holds them.

    Raises:
        InputError: the path does not exist, or the time is up.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(path, message("no such file or folder"), message("Check the spelling"))
    work_dir.mkdir(parents=True, exist_ok=True)
    walk = Walk(work_dir, UnpackBudget(zip_limit_bytes, limit_seconds=limit_seconds))
    intake = confined(
        lambda: _open(path, walk, is_no_ct, preferred), read=places(path), write=[work_dir]
    )
    return intake if keep_names else number_series(intake)


def number_series(intake: Intake) -> Intake:
    """Name series that are called after files called by numbers; repeatable for an input.

    Where they lie below the input is forgotten: folders are called after patients, too.
    """
    chosen = []
    for number, handle in enumerate(intake.chosen, start=1):
        handle, origin = replace(handle, below=".", nameless=True), handle.origin
        if isinstance(origin, CtSeries) and valid_uid(origin.header.series_instance_uid):
            chosen.append(handle)
        else:
            name = f"series-{number}"
            chosen.append(replace(handle, series_instance_uid=name, number=name))
    return replace(intake, chosen=tuple(chosen))


def _open(
    path: Path, walk: Walk, is_no_ct: Callable[[Path], bool], preferred: Collection[str]
) -> Intake:
    with quiet_pydicom():
        index = read_index(path) if is_dicomdir(path) else Index()
        walked = walk.files(path.parent if is_dicomdir(path) else path)
        files = index.files or list(walk.in_time(walked, path))
        sorted_files = _sort_files(walk.in_time(files, path), path, is_no_ct)
        return _settle(path, sorted_files, walk, index, preferred)


@dataclass(slots=True)
class _Sorted:
    """Files by what they are good for."""

    volumes: list[Path] = field(default_factory=list)
    set_aside: list[Path] = field(default_factory=list)
    ct: list[CtFile | BrokenFile] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)


def _sort_files(files: Iterable[Path], named: Path, is_no_ct: Callable[[Path], bool]) -> _Sorted:
    """Scan every file; what is no image is passed by unless it was named or pretends to be one."""
    result = _Sorted()
    for file in dict.fromkeys(files):
        if file != named and is_own_result(file):
            continue
        if is_dicomdir(file):
            result.missing.update(read_index(file).missing)
        elif is_volume_file(file):
            (result.set_aside if is_no_ct(file) else result.volumes).append(file)
        else:
            match scan_file(file):
                case SkippedFile() as skipped:
                    result.skipped.append(skipped)
                case None:
                    if file == named or file.suffix.lower() in DICOM_SUFFIXES:
                        problem = message("not a DICOM file or volume, whatever its name says")
                        result.errors.append(InputError(file, problem, WHAT_TO_GIVE))
                case CtFile() | BrokenFile() as ct:
                    result.ct.append(ct)
    return result


def _settle(
    path: Path, files: _Sorted, walk: Walk, index: Index, preferred: Collection[str]
) -> Intake:
    """Choose, and gather what is left over with its reasons."""
    root = path.parent if is_dicomdir(path) else path
    missing = Counter(index.missing) + files.missing
    series, orphans = group_series(files.ct, root=root, missing=missing)
    studies = settle_studies(series, preferred=preferred)
    names = {ct_series.uid for ct_series in series}
    chosen = []
    for file in files.volumes:
        uid, shown = unique_name(volume_stem(file), names), walk.as_named(file)
        only = "the only volume in its file"
        below = place_below(shown, root)
        chosen.append(SeriesHandle(shown, uid, None, "CT volume file", only, file, below))
    for picked, why in studies.chosen:
        shown = walk.as_named(picked.path)
        chosen.append(
            SeriesHandle(
                path if path.is_file() else shown,
                picked.uid,
                picked.study_uid,
                picked.description,
                why,
                picked,
                place_below(shown, root),
                reports=reports_of(picked.header.person, files.skipped),
            )
        )
    errors = [*walk.errors, *files.errors, *(file.error for file in orphans), *studies.errors]
    series_uids = {ct_series.header.series_instance_uid for ct_series in series}
    errors += missing_series(path, index.missing, series_uids)  # of a folder a part may be meant
    errors = [InputError(walk.as_named(e.path), e.problem, e.remedy, names=e.names) for e in errors]
    not_chosen = [*studies.not_chosen, *skipped_series(files.skipped)]
    if not chosen:
        errors = [only_error(path, errors, files.skipped)]
    taken = {picked.header.study_instance_uid for picked, _ in studies.chosen}
    return Intake(
        tuple(chosen),
        tuple(not_chosen),
        tuple(errors),
        tuple(files.set_aside),
        tuple(_unread(files, taken, nothing_chosen=not chosen)),
    )


def _unread(files: _Sorted, taken: Collection[str], *, nothing_chosen: bool) -> Iterator[Path]:
    """Yield files of studies without a chosen series; of other kinds where there is no CT at all.

    In an archive a study without a CT is nothing that failed.
    """
    for file in (*files.ct, *(files.skipped if nothing_chosen else ())):
        if file.header is not None and file.header.study_instance_uid not in taken:
            yield file.path
