"""From what a user names (file, folder, zip, DICOMDIR, volume file) to the CT series to score.

Opening reads headers only; pixels are read when a series is loaded. Whatever is wrong with the
files ends up in ``Intake.errors``, one sentence each: only a path that does not exist raises.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from medical.confined import confined, places
from medical.ct.files import is_volume_file, read_volume_file, volume_stem
from medical.ct.volume import CtVolume, QualityNote
from medical.dicom.archive import DEFAULT_LIMIT_BYTES, UnpackBudget
from medical.dicom.dicomdir import indexed_files, is_dicomdir
from medical.dicom.frames import BrokenFile, CtFile, SkippedFile
from medical.dicom.grouping import group_series
from medical.dicom.headers import scan_file
from medical.dicom.series import CtSeries, read_series
from medical.dicom.studies import settle_studies
from medical.dicom.tags import quiet_pydicom
from medical.dicom.walk import Walk
from medical.errors import InputError

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima", ".dic")
WHAT_TO_GIVE = "Give a folder, zip or DICOMDIR with a CT series, or a .nii.gz, .nrrd or .mhd volume"
NOTES_ON_FILES = ("truncated_files", "unusable_files")
NotChosen = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SeriesHandle:
    """A series that can be loaded; small, and fit to be sent to another process.

    Args:
        path: what the user named, or the series' folder below it.
        description: a few words without patient data.
        why_chosen: why this one of its study.
        nameless: quote no file's name in the notes on its quality.
    """

    path: Path
    series_instance_uid: str
    study_instance_uid: str | None
    description: str
    why_chosen: str
    origin: CtSeries | Path = field(repr=False, compare=False)
    nameless: bool = False

    def load(self, *, progress: Callable[[float], None] | None = None) -> CtVolume:
        """Read the pixels.

        Args:
            progress: called with the share done, 0 to 1.

        Raises:
            InputError: the series cannot be used after all.
        """
        try:
            volume = confined(lambda: self._read(progress), read=self._folders())
        except InputError as error:
            raise self._as_named(error) from error
        except MemoryError as problem:
            too_large = "too large for this machine's memory"
            raise InputError(self.path, too_large, "Close other programs") from problem
        except OSError as problem:
            reason = problem.strerror or type(problem).__name__
            remedy = "Check that the file still exists and may be read"
            raise InputError(self.path, f"cannot be read: {reason}", remedy) from problem
        if progress is not None:
            progress(1.0)
        return volume

    def _read(self, progress: Callable[[float], None] | None) -> CtVolume:
        uid = self.series_instance_uid
        if not isinstance(self.origin, CtSeries):
            return read_volume_file(self.origin, series_instance_uid=uid)
        volume = read_series(replace(self.origin, uid=uid), progress=progress)
        if not self.nameless:
            return volume
        names = {one.path.name for one in self.origin.frames}
        names |= {one.path.name for one in self.origin.broken}
        return replace(volume, quality=tuple(_without(names, note) for note in volume.quality))

    def _folders(self) -> set[Path]:
        """All that reading the pixels may open."""
        origin = self.origin
        files = [origin] if isinstance(origin, Path) else [one.path for one in origin.frames]
        return {place for file in files for place in (file.parent, file.resolve().parent)}

    def _as_named(self, error: InputError) -> InputError:
        """The error with a path that the user knows, should it lie in an unpacked zip."""
        if error.path.is_relative_to(self.path):
            return error
        name = error.path.name
        names = (name, *error.names)
        return InputError(self.path, f"{name}: {error.problem}", error.remedy, names=names)


@dataclass(frozen=True, slots=True)
class Intake:
    """What an input holds.

    Args:
        chosen: one series a study, and every volume file.
        not_chosen: series UID or description, and why not.
        errors: files or series that cannot be used; exactly one when nothing at all can be.
    """

    chosen: tuple[SeriesHandle, ...]
    not_chosen: tuple[NotChosen, ...]
    errors: tuple[InputError, ...]


def open_input(
    path: Path,
    *,
    work_dir: Path,
    zip_limit_bytes: int = DEFAULT_LIMIT_BYTES,
    limit_seconds: float = math.inf,
    keep_names: bool = True,
) -> Intake:
    """Find the CT series in whatever the user named.

    Args:
        path: a DICOM file, folder of any nesting, zip, DICOMDIR, or volume file.
        work_dir: zips are unpacked in new folders below it; the caller removes it.
        zip_limit_bytes: all zips of this input together may not unpack to more.
        limit_seconds: unpacking and sorting may take no longer.
        keep_names: call a series without a valid UID after its file; else it gets a number, for a
            file is often called after the patient.

    Raises:
        InputError: the path does not exist, or the time is up.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(path, "no such file or folder", "Check the spelling")
    work_dir.mkdir(parents=True, exist_ok=True)
    walk = Walk(work_dir, UnpackBudget(zip_limit_bytes, limit_seconds=limit_seconds))
    found = confined(lambda: _open(path, walk), read=places(path), write=[work_dir])
    return found if keep_names else number_series(found)


def number_series(intake: Intake) -> Intake:
    """The series that are called after files called by numbers; the same input gives the same."""
    chosen = []
    for number, one in enumerate(intake.chosen, start=1):
        origin, uid = one.origin, one.series_instance_uid
        own = isinstance(origin, CtSeries) and origin.header.series_instance_uid == uid
        uid = uid if own else f"series-{number}"
        chosen.append(replace(one, series_instance_uid=uid, nameless=True))
    return replace(intake, chosen=tuple(chosen))


def _without(names: set[str], note: QualityNote) -> QualityNote:
    """The note without the list of files at its end."""
    if note.code not in NOTES_ON_FILES:
        return note
    ends = [at for name in names if (at := note.message.find(f": {name}")) >= 0]
    return replace(note, message=f"{note.message[: min(ends)]}.") if ends else note


def _open(path: Path, walk: Walk) -> Intake:
    with quiet_pydicom():
        files = list(walk.in_time(walk.files(path), path))
        if is_dicomdir(path):
            files = indexed_files(path) or list(walk.files(path.parent))
        sorted_files = _sort_files(walk.in_time(files, path), path)
    return _settle(path, sorted_files, walk)


@dataclass(slots=True)
class _Sorted:
    """Files by what they are good for."""

    volumes: list[Path] = field(default_factory=list)
    ct: list[CtFile | BrokenFile] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)


def _sort_files(files: Iterable[Path], named: Path) -> _Sorted:
    """Scan every file; what is no image is passed by unless it was named or pretends to be one."""
    result = _Sorted()
    for file in dict.fromkeys(files):
        if is_volume_file(file):
            result.volumes.append(file)
        elif not is_dicomdir(file):
            match scan_file(file):
                case SkippedFile() as skipped:
                    result.skipped.append(skipped)
                case None:
                    if file == named or file.suffix.lower() in DICOM_SUFFIXES:
                        problem = "not a DICOM file or volume, whatever its name says"
                        result.errors.append(InputError(file, problem, WHAT_TO_GIVE))
                case CtFile() | BrokenFile() as ct:
                    result.ct.append(ct)
    return result


def _settle(path: Path, files: _Sorted, walk: Walk) -> Intake:
    """Choose, and gather what is left over with its reasons."""
    root = path.parent if is_dicomdir(path) else path
    series, orphans = group_series(files.ct, root=root)
    studies = settle_studies(series)
    names: Counter[str] = Counter()
    chosen = [_volume_handle(file, walk.as_named(file), names) for file in files.volumes]
    for picked, why in studies.chosen:
        chosen.append(
            SeriesHandle(
                path if path.is_file() else walk.as_named(picked.path),
                picked.uid,
                picked.study_uid,
                picked.description,
                why,
                picked,
            )
        )
    errors = [*walk.errors, *files.errors, *(file.error for file in orphans), *studies.errors]
    errors = [InputError(walk.as_named(e.path), e.problem, e.remedy, names=e.names) for e in errors]
    not_chosen = [*studies.not_chosen, *_skipped_series(files.skipped)]
    if not chosen:
        errors = [_only_error(path, errors, files.skipped)]
    return Intake(tuple(chosen), tuple(not_chosen), tuple(errors))


def _volume_handle(file: Path, shown: Path, names: Counter[str]) -> SeriesHandle:
    """A volume file; a second file of the same stem gets a number."""
    stem = volume_stem(file)
    names[stem] += 1
    uid = stem if names[stem] == 1 else f"{stem}-{names[stem]}"
    return SeriesHandle(shown, uid, None, "CT volume file", "the only volume in its file", file)


def _skipped_series(skipped: Sequence[SkippedFile]) -> list[NotChosen]:
    """One line a series that is no CT: its UID, or its kind when it has none."""
    counts = Counter(
        (file.header.series_instance_uid or f"{file.modality} without UID", file.reason)
        for file in skipped
    )
    return [
        (name, f"{reason} ({count} {'file' if count == 1 else 'files'})")
        for (name, reason), count in counts.items()
    ]


def _only_error(
    path: Path, errors: Sequence[InputError], skipped: Sequence[SkippedFile]
) -> InputError:
    """The one sentence for an input that holds nothing usable."""
    if len(errors) == 1:
        return errors[0]
    if errors:
        first = errors[0]
        problem = (
            f"holds nothing that can be used; {len(errors)} files or series failed, "
            f"the first is {first.path.name}: {first.problem}"
        )
        return InputError(path, problem, first.remedy, names=(first.path.name, *first.names))
    if skipped:
        kinds = Counter(file.reason for file in skipped).most_common(3)
        what = ", ".join(f"{reason} ({count})" for reason, count in kinds)
        return InputError(path, f"holds no CT images: {what}", WHAT_TO_GIVE)
    what = "holds no CT images" if path.is_dir() else "not an image that can be read"
    return InputError(path, what, WHAT_TO_GIVE)
