"""Score inputs one after another and write results as each is done.

On failure: what cannot be scored becomes one ``InputError`` in the result, the others go on.
Each series' files are complete before they appear under their names, so ``resume`` can trust them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medical.ct.volume import CtVolume
from medical.detection.findings import SeriesFindings
from medical.dicom.series import CtSeries
from medical.errors import InputError
from medical.intake import Intake, SeriesHandle, open_input
from medical.scoring.acquisition import write_acquisition
from medical.scoring.heatmap_files import nifti_path
from medical.scoring.predictions import gather_predictions, write_marks
from models.zoo.loader import DEFAULT_MODEL, StoredModel, find_model

FINDINGS = "findings.json"
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class ScoredSeries:
    """One series' result and the folder that holds it."""

    findings: SeriesFindings
    folder: Path


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """What a run did: results, inputs that failed, and series passed over with the reason."""

    series: tuple[ScoredSeries, ...]
    errors: tuple[InputError, ...]
    not_chosen: tuple[tuple[str, str], ...] = ()


def score_path(
    path: Path,
    *,
    out: Path,
    model: str = DEFAULT_MODEL,
    passes: int = 32,
    heatmaps: bool = False,
    progress: Progress | None = None,
    imported: Path | None = None,
) -> ScoreResult:
    """Score one input; see ``score_paths``."""
    return score_paths(
        [path],
        out=out,
        model=model,
        passes=passes,
        heatmaps=heatmaps,
        progress=progress,
        imported=imported,
    )


def score_paths(
    paths: Sequence[Path],
    *,
    out: Path,
    model: str = DEFAULT_MODEL,
    passes: int = 32,
    resume: bool = False,
    heatmaps: bool = False,
    progress: Progress | None = None,
    imported: Path | None = None,
) -> ScoreResult:
    """Score every study under ``paths``; write ``OUT/<series uid>/`` and ``OUT/predictions.csv``.

    Args:
        paths: what the user named.
        out: folder for results; made where missing.
        model: name, or folder of a retrained model.
        passes: Monte-Carlo dropout samples.
        resume: leave series alone that this model has already scored into ``out``.
        heatmaps: write each finding's attention map too.
        progress: told (stage, share of the stage done).
        imported: folder of the user's own models.

    Raises:
        ModelNotFoundError: no such model.
        ModelDamagedError: its weights are not those of its card.
    """
    stored = find_model(model, imported=imported)
    out.mkdir(parents=True, exist_ok=True)
    worker = _Worker(
        stored, out=out, passes=passes, resume=resume, heatmaps=heatmaps, progress=progress
    )
    series: list[ScoredSeries] = []
    errors: list[InputError] = []
    not_chosen: list[tuple[str, str]] = []
    seen: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="starlung-") as work:
        for number, path in enumerate(paths):
            try:
                intake: Intake = open_input(path, work_dir=Path(work) / str(number))
            except InputError as error:
                errors.append(error)
                continue
            errors.extend(intake.errors)
            not_chosen.extend(intake.not_chosen)
            for handle in intake.chosen:
                if handle.series_instance_uid in seen:
                    continue  # named twice: scored once
                seen.add(handle.series_instance_uid)
                try:
                    series.append(worker.score(handle))
                except InputError as error:
                    errors.append(error)
    gather_predictions(out)
    return ScoreResult(tuple(series), tuple(errors), tuple(not_chosen))


class _Worker:
    """Keeps the model between series; builds it only when the first one has been read."""

    def __init__(
        self,
        model: StoredModel,
        *,
        out: Path,
        passes: int,
        resume: bool,
        heatmaps: bool,
        progress: Progress | None,
    ) -> None:
        self.model, self.out, self.passes, self.resume = model, out, passes, resume
        self.tell: Progress = progress or (lambda stage, share: None)
        self.heatmaps = heatmaps
        self._reader: object | None = None
        self._heatmap_writer: object | None = None

    def score(self, handle: SeriesHandle) -> ScoredSeries:
        folder = self.out / handle.series_instance_uid
        if self.resume and (earlier := self._earlier(folder)):
            return ScoredSeries(earlier, folder)
        started = time.perf_counter()
        self.tell("read", 0.0)
        ct = handle.load(progress=lambda share: self.tell("read", share))
        read_seconds = time.perf_counter() - started

        # torch, MONAI and OpenVINO take seconds to import: not before a CT has been read
        from medical.ct.prepare import NoLungError
        from medical.detection.pipeline import NoduleReader

        if not isinstance(self._reader, NoduleReader):
            self._reader = NoduleReader(self.model, passes=self.passes)
        try:
            reading = self._reader.read(ct, progress=self.tell, read_seconds=read_seconds)
        except NoLungError as error:
            raise InputError(
                handle.path, f"{error} in this CT", "Give a chest CT that shows the lungs"
            ) from error
        self.tell("write", 0.0)
        started = time.perf_counter()
        folder.mkdir(parents=True, exist_ok=True)
        write_marks(
            folder,
            reading.findings.series_instance_uid,
            reading.marks,
            operating_point=reading.findings.operating_point,
        )
        write_acquisition(folder, ct.source)
        if self.heatmaps:
            self._write_heatmaps(handle, ct, reading.findings, folder)
        spent = round(time.perf_counter() - started, 3)
        seconds = reading.findings.seconds.model_copy(update={"write": spent})
        findings = reading.findings.model_copy(update={"seconds": seconds})
        beside = folder / f"{FINDINGS}.partial"
        beside.write_text(findings.model_dump_json(by_alias=True, indent=2) + "\n", "utf-8")
        beside.replace(folder / FINDINGS)
        self.tell("write", 1.0)
        return ScoredSeries(findings, folder)

    def _earlier(self, folder: Path) -> SeriesFindings | None:
        try:
            earlier = SeriesFindings.model_validate_json((folder / FINDINGS).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        same = earlier.model.sha256 == self.model.card.sha256 and earlier.passes == self.passes
        if same and self.heatmaps:
            same = all(nifti_path(folder, one).exists() for one in earlier.findings)
        return earlier if same else None

    def _write_heatmaps(
        self, handle: SeriesHandle, ct: CtVolume, said: SeriesFindings, folder: Path
    ) -> None:
        from medical.scoring.heatmaps import HeatmapWriter

        if not isinstance(self._heatmap_writer, HeatmapWriter):
            self._heatmap_writer = HeatmapWriter(self.model)
        origin = handle.origin
        files = (
            dict.fromkeys(frame.path for frame in origin.frames)
            if isinstance(origin, CtSeries)
            else ()
        )
        self._heatmap_writer.write(ct, said, folder, dicom=tuple(files))
