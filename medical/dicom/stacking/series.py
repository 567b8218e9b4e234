"""CT series: found among scanned files, then read into one volume of Hounsfield units.

A file that cannot be used is named and left out when the rest of its series suffices; otherwise
the series is refused with an ``InputError``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import numpy as np
from jaxtyping import Int16

from medical.ct import quality
from medical.ct.lung_coverage import lung_notes
from medical.ct.volume import CtVolume
from medical.dicom.header.frames import BrokenFile, Frame, SeriesHeader
from medical.dicom.header.padding import AIR_HU, clear_surround
from medical.dicom.header.tags import quiet_pydicom
from medical.dicom.stacking.decode import (
    HU_LIKE_MINIMUM,
    NotHounsfieldError,
    decode_file,
    decodes_unlocked,
)
from medical.dicom.stacking.grid import EvenGrid
from medical.dicom.stacking.one_stack import double_notes
from medical.dicom.stacking.series_notes import file_notes, header_notes, source_of
from medical.dicom.stacking.stack import StackPlan, plan_stack
from medical.errors import InputError
from medical.i18n.messages import message, plural_message
from medical.plain_text import counted
from models.runtime.machine import thread_count

MAX_LOST_SHARE = 0.25
AIR_PERCENTILE = 0.1
MAX_WRONG_AIR_HU = 400  # an intercept of -1024 that is missing makes about 24 of air
Progress = Callable[[float], None]
Volume = Int16[np.ndarray, "z y x"]


@dataclass(frozen=True, slots=True)
class CtSeries:
    """One CT series as found: its planes, still undecoded, and the files that fell out.

    Args:
        path: what errors name: the file, folder or zip that holds the series.
        uid: safe to use as a file name; the header's UID when it is valid.
        study_uid: the header's, ``None`` when missing or invalid.
        shared_uid: another patient's or study's images carry the same Series Instance UID.
        missing: images that the medium's index names and that are not there.
    """

    path: Path
    uid: str
    study_uid: str | None
    header: SeriesHeader
    frames: tuple[Frame, ...]
    broken: tuple[BrokenFile, ...] = ()
    unplaced: int = 0
    shared_uid: bool = False
    missing: int = 0

    @property
    def description(self) -> str:
        """A few words without free text from the header, which may name the patient."""
        number = "" if self.header.series_number is None else f" {self.header.series_number}"
        kernel = self.header.acquisition.get("kernel", "")
        return f"CT series{number}, {counted(len(self.frames), 'slice')}" + (
            f", kernel {kernel}" if kernel else ""
        )

    def plan(self) -> StackPlan:
        """Order the planes without decoding them; raises ``InputError`` when they cannot stack."""
        if not self.frames:
            raise _nothing_left(self.path, self.broken)
        if len(self.broken) > MAX_LOST_SHARE * (len(self.frames) + len(self.broken)):
            raise _too_few(self.path, self.broken, len(self.frames))
        return plan_stack(self.frames, path=self.path)


def _nothing_left(path: Path, broken: Sequence[BrokenFile]) -> InputError:
    if not broken:
        return InputError(
            path, message("holds no CT slices"), message("Give the folder with the CT series")
        )
    first = broken[0].error
    problem = first.problem
    if len(broken) > 1:
        problem = plural_message(
            "{problem} (and {count} more file)",
            "{problem} (and {count} more files)",
            len(broken) - 1,
            problem=first.problem,
        )
    return InputError(first.path, problem, first.remedy)


def _too_few(path: Path, broken: Sequence[BrokenFile], usable: int) -> InputError:
    names = ", ".join(file.path.name for file in broken[:3])
    problem = message(
        "{broken} of {files} of the series cannot be used ({names}): {problem}",
        broken=len(broken),
        files=plural_message("{count} file", "{count} files", usable + len(broken)),
        names=f"{names}, ..." if len(broken) > 3 else names,
        problem=broken[0].error.problem,
    )
    return InputError(
        path,
        problem,
        broken[0].error.remedy,
        names=tuple(file.path.name for file in broken[:3]),
    )


def read_series(series: CtSeries, *, progress: Progress | None = None) -> CtVolume:
    """Decode a series into one volume.

    Args:
        series: as found.
        progress: called with the share done, 0 to 1.

    Raises:
        InputError: the series cannot be used; one sentence says why and what to do.
    """
    plan = series.plan()
    with quiet_pydicom():
        slices, failed = _decode_all(series, plan, progress)
    broken = [*series.broken, *failed]
    if failed:
        plan, slices = _without(series, plan, slices, failed)
    hu = clear_surround(_on_grid(slices, plan.grid))
    with ThreadPoolExecutor(1) as beside:
        checked = beside.submit(_check_air, series.path, hu)
        of_lungs = lung_notes(hu, plan.geometry)
        checked.result()
    notes = [
        *plan.notes,
        *double_notes(plan.doubles),
        *file_notes(series, broken),
        *header_notes(series, plan),
        *of_lungs,
    ]
    return CtVolume(hu, plan.geometry, source_of(series, plan), quality.sorted_notes(notes))


def _decode_all(
    series: CtSeries, plan: StackPlan, progress: Progress | None
) -> tuple[Volume, list[BrokenFile]]:
    """Every acquired plane in volume order; planes of damaged files stay empty and are listed."""
    slices = np.empty((len(plan.frames), *plan.geometry.shape[1:]), dtype=np.int16)
    rows = {(frame.path, frame.index): row for row, frame in enumerate(plan.frames)}
    by_file: dict[Path, list[Frame]] = defaultdict(list)
    for frame in plan.frames:
        by_file[frame.path].append(frame)
    shares = _Shares(len(plan.frames), progress)

    def decode(path: Path) -> BrokenFile | None:
        try:
            for frame, hu in decode_file(path, by_file[path]):
                slices[rows[frame.path, frame.index]] = hu
                shares.add()
        except InputError as error:
            return BrokenFile(path, series.header, error, truncated=True)
        return None

    try:
        ended = _each(decode, list(by_file), threads=_thread_count(plan.frames))
    except NotHounsfieldError:
        raise InputError(
            series.path,
            message(
                "Rescale Slope and Intercept are missing and the values are not Hounsfield units"
            ),
            message("Export the original CT series from the scanner or the archive"),
        ) from None
    return slices, [file for file in ended if file is not None]


class _Shares:
    """Tells the share of the planes decoded, from whichever thread decodes one."""

    def __init__(self, planes: int, progress: Progress | None) -> None:
        self._planes, self._progress = planes, progress
        self._done, self._lock = 0, Lock()

    def add(self) -> None:
        with self._lock:
            self._done += 1
            if self._progress is not None:
                self._progress(self._done / self._planes)


def _thread_count(frames: Sequence[Frame]) -> int:
    """How many threads decode: one, where the decoder holds Python's lock anyway."""
    return thread_count() if all(decodes_unlocked(frame) for frame in frames) else 1


def _each(
    decode: Callable[[Path], BrokenFile | None], paths: Sequence[Path], *, threads: int
) -> list[BrokenFile | None]:
    """Decode files by threads; once it fails on one, those that have not begun are left."""
    if threads == 1:
        return [decode(path) for path in paths]
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(decode, path) for path in paths]
        try:
            return [future.result() for future in waiting]
        finally:
            pool.shutdown(cancel_futures=True)


def _without(
    series: CtSeries, plan: StackPlan, slices: Volume, failed: list[BrokenFile]
) -> tuple[StackPlan, Volume]:
    """Plan again without the files that would not decode, and take their planes out."""
    bad = {file.path for file in failed}
    usable = [frame for frame in plan.frames if frame.path not in bad]
    lost = len(plan.frames) - len(usable)
    if not usable:
        raise _nothing_left(series.path, failed)
    if lost + len(series.broken) > MAX_LOST_SHARE * (len(plan.frames) + len(series.broken)):
        raise _too_few(series.path, [*series.broken, *failed], len(usable))
    again = plan_stack(usable, path=series.path)
    rows = {(frame.path, frame.index): row for row, frame in enumerate(plan.frames)}
    notes = tuple(dict.fromkeys([*plan.notes, *again.notes]))
    again = replace(again, notes=notes)
    return again, slices[[rows[frame.path, frame.index] for frame in again.frames]]


def _check_air(path: Path, hu: Volume) -> None:
    """Raise where air would be as dense as tissue: Rescale Intercept cannot be right."""
    some = hu[:, ::4, ::4]
    measured = some[some > AIR_HU]
    if not measured.size:
        return
    emptiest = float(np.percentile(measured, AIR_PERCENTILE))
    if HU_LIKE_MINIMUM < emptiest < MAX_WRONG_AIR_HU:
        raise InputError(
            path,
            message(
                "with the header's Rescale Intercept air would have about {emptiest:.0f} HU; "
                "the values are not Hounsfield units",
                emptiest=emptiest,
            ),
            message(
                "Export the series with its original Rescale Intercept (often -1024), or correct it"
            ),
        )


def _on_grid(slices: Volume, grid: EvenGrid) -> Volume:
    """Return the even volume; the very same array when the slices were even already."""
    if len(grid.fills) == len(slices) and all(fill.weight == 0 for fill in grid.fills):
        return slices
    hu = np.empty((len(grid.fills), *slices.shape[1:]), dtype=np.int16)
    for place, fill in enumerate(grid.fills):
        if fill.weight == 0:
            hu[place] = slices[fill.before]
        else:
            before, after = slices[fill.before].astype(np.float32), slices[fill.after]
            hu[place] = np.rint(before + np.float32(fill.weight) * (after - before))
    return hu
