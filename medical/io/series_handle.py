"""A CT series that was found in an input and can be loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from medical.confined import confined
from medical.ct.volume import CtVolume, QualityNote
from medical.dicom.header.tags import quiet_pydicom, valid_uid
from medical.dicom.prior_report import report_words
from medical.dicom.stacking.series import CtSeries, read_series
from medical.errors import InputError
from medical.files import Content, content_of
from medical.i18n.messages import message
from medical.io.volume_files import files_of_volume, read_volume_file, volume_stem

NOTES_ON_FILES = ("truncated_files", "unusable_files")


@dataclass(frozen=True, slots=True)
class SeriesHandle:
    """A series that can be loaded; small, and fit to be sent to another process.

    Args:
        path: what the user named, or the series' folder below it.
        description: a few words without patient data.
        why_chosen: why this one of its study.
        origin: what its pixels are read from.
        below: where it lies below the input: ``.``, or a file's name, where it is the input.
        nameless: quote no file's name in the notes on its quality.
        number: what it is called instead of its file's name, which may be the patient's.
        reports: DICOM SR of the same input that may be of the same patient.
    """

    path: Path
    series_instance_uid: str
    study_instance_uid: str | None
    description: str
    why_chosen: str
    origin: CtSeries | Path = field(repr=False, compare=False)
    below: str = "."
    nameless: bool = False
    number: str = ""
    reports: tuple[Path, ...] = field(default=(), repr=False, compare=False)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of the series, those that cannot be used too."""
        if isinstance(self.origin, Path):
            return files_of_volume(self.origin)
        planes = (frame.path for frame in self.origin.frames)
        return tuple(dict.fromkeys([*planes, *(file.path for file in self.origin.broken)]))

    @property
    def base_name(self) -> str:
        """Its name before a number was added to tell it from another of the same name."""
        if self.number:
            return self.number
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
            return confined(lambda: content_of(self.files), read=self._folders())
        except InputError as error:
            raise self._as_named(error) from error
        except OSError as problem:
            raise self._unreadable(problem) from problem

    def named(self, name: str) -> SeriesHandle:
        """Return the same series under another name, its own being another series' already."""
        if name == self.series_instance_uid:
            return self
        origin = self.origin
        if isinstance(origin, CtSeries):
            origin = replace(origin, uid=name)
        return replace(self, series_instance_uid=name, origin=origin)

    def report_words(self, *, most: int) -> str:
        """Read what reports of the patient say that lie beside the CT; empty where none does.

        Args:
            most: characters.
        """
        origin = self.origin
        if not self.reports or isinstance(origin, Path) or not origin.frames:
            return ""
        folders = {place for file in self.reports for place in (file.parent, file.resolve().parent)}

        def read() -> str:
            with quiet_pydicom():
                return report_words(self.reports, ct=origin.frames[0].path, most=most)

        try:
            return confined(read, read=folders | self._folders())
        except OSError:  # gone meanwhile: the CT is scored by its image
            return ""

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
            too_large = message("too large for this machine's memory")
            raise InputError(self.path, too_large, message("Close other programs")) from problem
        except OSError as problem:
            raise self._unreadable(problem) from problem
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
        names = {path.name for path in self.files}
        return replace(volume, quality=tuple(_without(names, note) for note in volume.quality))

    def _folders(self) -> set[Path]:
        """All that reading its files may open."""
        origin = self.origin
        files = [origin] if isinstance(origin, Path) else self.files
        return {place for file in files for place in (file.parent, file.resolve().parent)}

    def _unreadable(self, problem: OSError) -> InputError:
        reason = problem.strerror or type(problem).__name__
        remedy = message("Check that the file still exists and may be read")
        return InputError(self.path, message("cannot be read: {reason}", reason=reason), remedy)

    def _as_named(self, error: InputError) -> InputError:
        """Return the error with a path that the user knows, should it lie in an unpacked zip."""
        if error.path.is_relative_to(self.path):
            return error
        name = error.path.name
        names = (name, *error.names)
        return InputError(
            self.path,
            message("{name}: {problem}", name=name, problem=error.problem),
            error.remedy,
            names=names,
        )


def _without(names: set[str], note: QualityNote) -> QualityNote:
    """Return the note without the list of files at its end."""
    if note.code not in NOTES_ON_FILES:
        return note
    ends = [at for name in names if (at := note.message.find(f": {name}")) >= 0]
    return replace(note, message=f"{note.message[: min(ends)]}.") if ends else note
