"""From what a user names (file, folder, zip, DICOMDIR, volume file) to the CT series to score.

Opening reads headers only; pixels are read when a series is loaded. Whatever is wrong with the
files ends up in ``Intake.errors``, one sentence each: only a path that does not exist raises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from medical.content import Content, content_of, place_below, volume_files
from medical.ct.files import is_volume_file, read_volume_file, volume_stem
from medical.ct.volume import CtVolume
from medical.dicom.archive import DEFAULT_LIMIT_BYTES, UnpackBudget
from medical.dicom.dicomdir import Index, is_dicomdir, read_index
from medical.dicom.frames import BrokenFile, CtFile, SkippedFile
from medical.dicom.grouping import group_series, unique_name
from medical.dicom.headers import scan_file
from medical.dicom.series import CtSeries, read_series
from medical.dicom.studies import settle_studies
from medical.dicom.tags import quiet_pydicom
from medical.dicom.uids import valid_uid
from medical.dicom.walk import Walk
from medical.errors import InputError
from medical.left_over import WHAT_TO_GIVE, NotChosen, missing_series, only_error, skipped_series
from medical.results import is_own_result

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima", ".dic")


@dataclass(frozen=True, slots=True)
class SeriesHandle:
    """A series that can be loaded; small, and fit to be sent to another process.

    Args:
        path: what the user named, or the series' folder below it.
        description: a few words without patient data.
        why_chosen: why this one of its study.
        below: where it lies below the input: ``.``, or a file's name, where it is the input.
    """

    path: Path
    series_instance_uid: str
    study_instance_uid: str | None
    description: str
    why_chosen: str
    origin: CtSeries | Path = field(repr=False, compare=False)
    below: str = "."

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of the series, those that cannot be used too."""
        if isinstance(self.origin, Path):
            return volume_files(self.origin)
        planes = (frame.path for frame in self.origin.frames)
        return tuple(dict.fromkeys([*planes, *(file.path for file in self.origin.broken)]))

    @property
    def base_name(self) -> str:
        """Its name before a number was added to tell it from another of the same name."""
        if isinstance(self.origin, Path):
            return volume_stem(self.origin)
        written = self.origin.header.series_instance_uid
        return written if valid_uid(written) else self.series_instance_uid

    def content(self) -> Content:
        """Digests of its files.

        Raises:
            InputError: a file cannot be read.
        """
        try:
            return content_of(self.files)
        except OSError as problem:
            raise self._unreadable(problem) from problem

    def named(self, name: str) -> SeriesHandle:
        """The same series under another name, where its own belongs to another one already."""
        if name == self.series_instance_uid:
            return self
        origin = self.origin
        if isinstance(origin, CtSeries):
            origin = replace(origin, uid=name)
        return replace(self, series_instance_uid=name, origin=origin)

    def load(self, *, progress: Callable[[float], None] | None = None) -> CtVolume:
        """Read the pixels.

        Args:
            progress: called with the share done, 0 to 1.

        Raises:
            InputError: the series cannot be used after all.
        """
        try:
            if isinstance(self.origin, CtSeries):
                return read_series(self.origin, progress=progress)
            uid = self.series_instance_uid
            volume = read_volume_file(self.origin, series_instance_uid=uid)
        except InputError as error:
            raise self._as_named(error) from error
        except MemoryError as problem:
            too_large = "too large for this machine's memory"
            raise InputError(self.path, too_large, "Close other programs") from problem
        except OSError as problem:
            raise self._unreadable(problem) from problem
        if progress is not None:
            progress(1.0)
        return volume

    def _unreadable(self, problem: OSError) -> InputError:
        reason = problem.strerror or type(problem).__name__
        remedy = "Check that the file still exists and may be read"
        return InputError(self.path, f"cannot be read: {reason}", remedy)

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
        set_aside: volume files that are no CTs to the caller.
    """

    chosen: tuple[SeriesHandle, ...]
    not_chosen: tuple[NotChosen, ...]
    errors: tuple[InputError, ...]
    set_aside: tuple[Path, ...] = ()


def open_input(
    path: Path,
    *,
    work_dir: Path,
    zip_limit_bytes: int = DEFAULT_LIMIT_BYTES,
    is_no_ct: Callable[[Path], bool] = lambda file: False,
    preferred: Collection[str] = (),
) -> Intake:
    """Find the CT series in whatever the user named.

    Args:
        path: a DICOM file, folder of any nesting, zip, DICOMDIR, or volume file.
        work_dir: zips are unpacked in new folders below it; the caller removes it.
        zip_limit_bytes: all zips of this input together may not unpack to more.
        is_no_ct: which volume files are set aside before any is named, masks for example.
        preferred: series UIDs that are chosen of their study, where it holds them.

    Raises:
        InputError: the path does not exist.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(path, "no such file or folder", "Check the spelling")
    walk = Walk(work_dir, UnpackBudget(zip_limit_bytes))
    with quiet_pydicom():
        index = read_index(path) if is_dicomdir(path) else Index()
        files = list(index.files or walk.files(path.parent if is_dicomdir(path) else path))
        sorted_files = _sort_files(files, path, is_no_ct)
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
                        problem = "not a DICOM file or volume, whatever its name says"
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
    names = {one.uid for one in series}
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
            )
        )
    errors = [*walk.errors, *files.errors, *(file.error for file in orphans), *studies.errors]
    found = {one.header.series_instance_uid for one in series}
    errors += missing_series(path, index.missing, found)  # of a folder a part may be meant
    errors = [InputError(walk.as_named(e.path), e.problem, e.remedy, names=e.names) for e in errors]
    not_chosen = [*studies.not_chosen, *skipped_series(files.skipped)]
    if not chosen:
        errors = [only_error(path, errors, files.skipped)]
    return Intake(tuple(chosen), tuple(not_chosen), tuple(errors), tuple(files.set_aside))
