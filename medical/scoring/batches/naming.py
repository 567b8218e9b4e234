"""Under which name a series' result is kept, so that no result ever moves to another's name.

A result belongs to the files that it was made from: the same files keep their name whatever else
was added beside them, a series that has grown keeps it too, and anything else that carries the
same name, another patient's ``ct.nii.gz`` say, is given another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, count, takewhile
from pathlib import Path

from medical.ct.quality import sorted_notes
from medical.ct.volume import CtVolume, QualityNote
from medical.files import Content
from medical.i18n.messages import message
from medical.io.series_handle import SeriesHandle
from medical.results.folder import ResultFolder

_NAMING = ("shared_uid", "invalid_uid")  # notes that say already how a series is listed


@dataclass(slots=True)
class ResultNames:
    """Names of one run's results.

    Args:
        out: the folder with results, of earlier runs too.
    """

    out: Path
    given: dict[str, str] = field(default_factory=dict)

    def name_of(self, handle: SeriesHandle, content: Content) -> str:
        """Name a series; the next free number is added where its own name is another's."""
        name = self._kept(handle, content) or self._free(handle, content)
        self.given[name] = content.sha256
        return name

    def already_given(self, handle: SeriesHandle, content: Content) -> str | None:
        """Return the name under which this run has scored the very same files, or ``None``."""
        names = (name for name, sha256 in self.given.items() if sha256 == content.sha256)
        return next((name for name in names if _is_numbered(name, handle.base_name)), None)

    def _kept(self, handle: SeriesHandle, content: Content) -> str | None:
        """Return the name under which an earlier run has kept the same files."""
        base, wanted = handle.base_name, handle.series_instance_uid
        for name in dict.fromkeys((wanted, *_folders(self.out, base))):
            if name in self.given:
                continue
            earlier = ResultFolder(self.out / name).find_findings()
            if earlier and earlier.input and earlier.input.sha256 == content.sha256:
                return name
        return None

    def _free(self, handle: SeriesHandle, content: Content) -> str:
        numbered = (f"{handle.base_name}-{number}" for number in count(2))
        study_uid = handle.study_instance_uid
        return next(
            name
            for name in chain((handle.series_instance_uid,), numbered)
            if name not in self.given and self._may_be_replaced(name, study_uid, content)
        )

    def _may_be_replaced(self, name: str, study_uid: str | None, content: Content) -> bool:
        """Nothing is there, or the same series before it grew, or a result that does not say."""
        folder = ResultFolder(self.out / name)
        earlier = folder.find_findings()
        if earlier is None or earlier.input is None:
            return True
        same_study = earlier.study_instance_uid == study_uid
        return same_study and bool(set(folder.read_input()) & set(content.files))


def with_note_of_name(ct: CtVolume, handle: SeriesHandle) -> CtVolume:
    """Add a note to a CT that is listed under another name than its own."""
    name = handle.series_instance_uid
    if name == handle.base_name or any(note.code in _NAMING for note in ct.quality):
        return ct
    text = message(
        "Another CT has the name {taken} already; this one is listed as {name}.",
        taken=handle.base_name,
        name=name,
    )
    note = QualityNote("name_taken", "warning", text)
    return replace(ct, quality=sorted_notes([*ct.quality, note]))


def _folders(out: Path, base: str) -> Iterator[str]:
    """Yield the folder of a name and those with a number after it, up to the first missing.

    The folder of a night holds thousands: it is not listed for each series.
    """
    numbered = (f"{base}-{number}" for number in count(2))
    yield from takewhile(lambda name: (out / name).is_dir(), chain((base,), numbered))


def _is_numbered(name: str, base: str) -> bool:
    """Whether a name is this one, or this one with a number."""
    return re.fullmatch(rf"{re.escape(base)}(-\d+)?", name) is not None
