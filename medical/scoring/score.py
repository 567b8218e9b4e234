"""Score inputs one after another and write results as each is done.

On failure: what cannot be scored becomes one ``InputError`` in the result, the others go on.
Each series' files are complete before they appear under their names, so ``resume`` can trust them.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medical.content import Content
from medical.ct.volume import CtVolume
from medical.detection.findings import Input, Quality, SeriesFindings
from medical.dicom.frames import Frame
from medical.dicom.series import CtSeries
from medical.errors import InputError
from medical.intake import Intake, open_input
from medical.results import FINDINGS, read_result, remove_made_from
from medical.scoring.acquisition import write_acquisition
from medical.scoring.heatmap_files import nifti_path
from medical.scoring.naming import ResultNames, with_note_of_name, write_files
from medical.scoring.predictions import gather_predictions, write_marks
from medical.scoring.signature import sign_result
from medical.series_handle import SeriesHandle
from models.zoo.loader import DEFAULT_MODEL, StoredModel, find_model

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class ScoredSeries:
    """One series' result and the folder that holds it."""

    findings: SeriesFindings
    folder: Path


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """What a run did: results, inputs that failed, series passed over and forms not written.

    The last two are pairs of a series and the reason.
    """

    series: tuple[ScoredSeries, ...]
    errors: tuple[InputError, ...]
    not_chosen: tuple[tuple[str, str], ...] = ()
    not_written: tuple[tuple[str, str], ...] = ()


def score_path(
    path: Path,
    *,
    out: Path,
    model: str = DEFAULT_MODEL,
    passes: int = 32,
    heatmaps: bool = False,
    progress: Progress | None = None,
    imported: Path | None = None,
    key: bytes | None = None,
    server: bool = False,
    intake_seconds: float = math.inf,
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
        key=key,
        server=server,
        intake_seconds=intake_seconds,
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
    key: bytes | None = None,
    server: bool = False,
    intake_seconds: float = math.inf,
) -> ScoreResult:
    """Score every study under ``paths``; write ``OUT/<series uid>/`` and ``OUT/predictions.csv``.

    Args:
        paths: what the user named.
        out: folder for results; made where missing.
        model: name, or folder of a retrained model.
        passes: Monte-Carlo dropout samples.
        resume: leave series alone that this model has already scored into ``out`` from the very
            same files.
        heatmaps: write each finding's attention map too.
        progress: told (stage, share of the stage done).
        imported: folder of the user's own models.
        key: the site's, which signs results; without it they are not signed.
        server: for a server that many read: series without a UID get numbers, not the names of
            their files, and no DICOM object is written, which would carry the patient's name.
        intake_seconds: an input that takes longer to unpack and sort is refused.

    Raises:
        ModelNotFoundError: no such model.
        ModelDamagedError: its weights are not those of its card.
    """
    stored = find_model(model, imported=imported)
    out.mkdir(parents=True, exist_ok=True)
    worker = _Worker(
        stored,
        out=out,
        passes=passes,
        resume=resume,
        heatmaps=heatmaps,
        progress=progress,
        key=key,
        dicom_maps=not server,
    )
    series: list[ScoredSeries] = []
    errors: list[InputError] = []
    not_chosen: list[tuple[str, str]] = []
    names = ResultNames(out)
    with tempfile.TemporaryDirectory(prefix="starlung-", ignore_cleanup_errors=True) as work:
        for number, path in enumerate(paths):
            try:
                intake: Intake = open_input(
                    path,
                    work_dir=Path(work) / str(number),
                    keep_names=not server,
                    limit_seconds=intake_seconds,
                )
            except InputError as error:
                errors.append(error)
                continue
            errors.extend(intake.errors)
            not_chosen.extend(intake.not_chosen)
            for handle in intake.chosen:
                try:
                    content = handle.content()
                    if same := names.already_given(handle, content):
                        reason = f"the same files as {same}, scored once"
                        not_chosen.append((f"{path.name}: {handle.base_name}", reason))
                        continue
                    named = handle.named(names.name_of(handle, content))
                    series.append(worker.score(named, content))
                except InputError as error:
                    errors.append(error)
    gather_predictions(out)
    return ScoreResult(tuple(series), tuple(errors), tuple(not_chosen), tuple(worker.not_written))


def add_note(scored: ScoredSeries, note: Quality, *, key: bytes | None) -> None:
    """Add a quality note to a result that was written already; ``key`` signs it anew."""
    found = read_result(scored.folder) or scored.findings
    noted = found.model_copy(update={"quality": [note, *found.quality]})
    _write_findings(scored.folder, noted, key=key)


def _write_findings(folder: Path, findings: SeriesFindings, *, key: bytes | None) -> None:
    beside = folder / f"{FINDINGS}.partial"
    content = (findings.model_dump_json(by_alias=True, indent=2) + "\n").encode()
    beside.write_bytes(content)
    if key is not None:
        sign_result(folder, key=key, findings=content)
    beside.replace(folder / FINDINGS)


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
        key: bytes | None = None,
        dicom_maps: bool = True,
    ) -> None:
        self.key, self.dicom_maps = key, dicom_maps
        self.model, self.out, self.passes, self.resume = model, out, passes, resume
        self.tell: Progress = progress or (lambda stage, share: None)
        self.heatmaps = heatmaps
        self.not_written: list[tuple[str, str]] = []
        self._reader: object | None = None
        self._heatmap_writer: object | None = None

    def score(self, handle: SeriesHandle, content: Content) -> ScoredSeries:
        folder = self.out / handle.series_instance_uid
        if self.resume and (earlier := self._earlier(folder, content)):
            return ScoredSeries(earlier, folder)
        started = time.perf_counter()
        self.tell("read", 0.0)
        ct = handle.load(progress=lambda share: self.tell("read", share))
        ct = with_note_of_name(ct, handle)
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
        earlier = read_result(folder)  # of other content, or of other weights
        same = earlier and earlier.input and earlier.input.sha256 == content.sha256
        remove_made_from(folder, images_too=not same)
        write_files(folder, content)
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
        origin = Input(path=handle.below, sha256=content.sha256)
        findings = reading.findings.model_copy(update={"seconds": seconds, "input": origin})
        _write_findings(folder, findings, key=self.key)
        self.tell("write", 1.0)
        return ScoredSeries(findings, folder)

    def _earlier(self, folder: Path, content: Content) -> SeriesFindings | None:
        """Read the result in ``folder``, if made of these files, by this model and in this form."""
        earlier = read_result(folder)
        if earlier is None or earlier.input is None or earlier.input.sha256 != content.sha256:
            return None
        # An earlier version's result names its weights only, and these may be calibrated anew.
        same = earlier.model.digest == self.model.card.digest and earlier.passes == self.passes
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
        frames = origin.frames if isinstance(origin, CtSeries) else ()
        files = tuple(dict.fromkeys(frame.path for frame in frames)) if self.dicom_maps else ()
        written = self._heatmap_writer.write(ct, said, folder, dicom=files)
        if files and not any(path.suffix == ".dcm" for path in written) and said.findings:
            reason = f"no DICOM parametric map: {why_no_parametric_map(frames)}"
            self.not_written.append((handle.series_instance_uid, reason))


def why_no_parametric_map(frames: Sequence[Frame]) -> str:
    """Say what in the CT's headers stands against a parametric map; its NIfTI form is there."""
    count = len({frame.frame_of_reference_uid for frame in frames})
    if count > 1:
        return f"the slices name {count} frames of reference, and a map must lie in one"
    return "the CT's headers lack what it must take over"
