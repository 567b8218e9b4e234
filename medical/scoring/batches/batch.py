"""Score inputs one after another and write results as each is done.

On failure: what cannot be scored becomes one ``InputError`` in the result, the others go on.
Each series' files are complete before they appear under their names, so ``resume`` can trust them.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from medical.ct.volume import CtVolume
from medical.detection.findings import Input, SeriesFindings
from medical.detection.malignancy import reference_of
from medical.dicom.header.identity import identity_if
from medical.dicom.header.patient import examination_of_series
from medical.dicom.stacking.series import CtSeries
from medical.errors import InputError
from medical.files import Content
from medical.i18n.messages import message
from medical.io.series_handle import SeriesHandle
from medical.results.folder import ResultFolder
from medical.results.images import images_digest
from medical.results.search import gather_predictions
from medical.scoring.batches.naming import ResultNames, with_note_of_name
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.batches.read_ahead import ReadAhead, ReadSeries, Step
from medical.scoring.batches.tally import ScoredSeries, ScoreResult, Tally
from medical.scoring.context_table import context_of

if TYPE_CHECKING:
    from medical.detection.pipeline import PipelineResult
    from medical.scoring.scorer import Scorer


@dataclass(slots=True)
class Batch:
    """One run over inputs into one folder.

    Args:
        scorer: reads the CTs.
        out: folder for the results; made where it is missing.
        options: of the run.
    """

    scorer: Scorer
    out: Path
    options: ScoreOptions
    not_written: list[tuple[str, str]] = field(default_factory=list)

    def score(self, paths: Sequence[Path]) -> ScoreResult:
        """Score every study under ``paths``."""
        tally = self.tally()
        with tempfile.TemporaryDirectory(prefix="starlung-", ignore_cleanup_errors=True) as work:
            ahead = self.ahead(Path(work))
            steps = ahead.steps(
                paths,
                meanwhile=self.scorer.make_ready,
                report=lambda share: self.options.progress("read", share),
            )
            with contextlib.closing(steps):
                for step in steps:
                    tally.expected = max(ahead.expected, len(paths))
                    self.take(step, tally)
        gather_predictions(self.out)
        return tally.result()

    def tally(self) -> Tally:
        """Begin to count, in a folder that is there."""
        self.out.mkdir(parents=True, exist_ok=True)
        out = None if self.options.server else self.out
        watch, pseudonyms = self.options.watch, self.options.pseudonyms
        return Tally(self.scorer.card, out, watch, pseudonyms, not_written=self.not_written)

    def ahead(self, work: Path) -> ReadAhead:
        """Return what reads this run's inputs.

        Args:
            work: folder for what zips unpack to.
        """
        return ReadAhead(
            ResultNames(self.out),
            work,
            keep_names=not self.options.server,
            limit_seconds=self.options.intake_seconds,
            earlier=self._earlier,
        )

    def take(self, step: Step, tally: Tally) -> None:
        """Score a step's series, and count what happened up to it."""
        for failure in step.failures:
            self.fail(failure.error, failure.handle, failure.content, tally)
        self._tell_archive(step.unread)
        tally.not_chosen += step.not_chosen
        if (series := step.series) is None:
            return
        self.options.begin(series.handle.path.name)
        try:
            scored = self.score_one(series)
        except InputError as error:
            self.fail(error, series.handle, series.content, tally)
        else:
            already = isinstance(series.outcome, SeriesFindings)
            tally.add(scored, series.handle, series.content, already=already)

    def fail(
        self, error: InputError, handle: SeriesHandle | None, content: Content | None, tally: Tally
    ) -> None:
        """Count what could not be scored, and write what tells an archive so, where asked for."""
        tally.fail(error, handle, content)
        if handle is not None and isinstance(handle.origin, CtSeries):
            self._tell_archive(handle.files)

    def _tell_archive(self, files: Sequence[Path]) -> None:
        if files and "cad-sr" in self.options.forms and not self.options.server:
            from medical.scoring.forms.failed_analysis import write_failures  # highdicom

            write_failures(self.out, files, self.scorer.card)

    def score_one(self, read: ReadSeries) -> ScoredSeries:
        """Score one series and write its result, or what is missing beside the one there is.

        Raises:
            InputError: it cannot be scored.
            OSError: its result cannot be written.
        """
        handle, content, ct = read.handle, read.content, read.outcome
        folder = ResultFolder(self.out / handle.series_instance_uid)
        identity = identity_if(self.options.identify, handle.origin)
        if isinstance(ct, SeriesFindings):
            self._write_forms(folder, ct, handle, handle.load, again=False)
            return ScoredSeries(ct, folder.path, handle.why_chosen, identity=identity)
        seconds = read.seconds
        if ct is None:
            started = time.perf_counter()
            ct = with_note_of_name(handle.load(), handle)
            seconds = time.perf_counter() - started
        report = self.options.progress
        reading = self._read(ct, read, read_seconds=seconds)
        report("write", 0.0)
        started = time.perf_counter()
        self._write_beside(folder, handle, content, ct, reading)
        spent = round(time.perf_counter() - started, 3)
        scored = reading.findings
        findings = scored.model_copy(
            update={
                "seconds": scored.seconds.model_copy(update={"write": spent}),
                "input": Input(path=handle.below, sha256=content.sha256),
            }
        )
        self._write_forms(folder, findings, handle, lambda: ct, again=True)
        folder.write_findings(findings, key=self.options.key)
        headers = self._headers(handle) if self.options.server else b""
        report("write", 1.0)
        return ScoredSeries(findings, folder.path, handle.why_chosen, headers, identity)

    def _read(self, ct: CtVolume, read: ReadSeries, *, read_seconds: float) -> PipelineResult:
        from medical.ct.prepare import NoLungError

        progress, handle = self.options.progress, read.handle
        try:
            context = context_of(handle, self.options.contexts)
            return self.scorer.read(
                ct,
                prepared=read.prepared,
                progress=progress,
                read_seconds=read_seconds,
                prepare_seconds=read.prepare_seconds,
                text=context.written() if context else "",
            )
        except NoLungError as error:
            raise InputError(
                handle.path,
                message("no air-filled lung was found in this CT"),
                message("Give a chest CT that shows the lungs"),
            ) from error

    def _write_beside(
        self,
        folder: ResultFolder,
        handle: SeriesHandle,
        content: Content,
        ct: CtVolume,
        reading: PipelineResult,
    ) -> None:
        """Write all but ``findings.json``, which appears last."""
        scored, options = reading.findings, self.options
        folder.path.mkdir(parents=True, exist_ok=True)
        earlier = folder.find_findings()  # of other content, or of other weights
        same = bool(earlier and earlier.input and earlier.input.sha256 == content.sha256)
        folder.clear(images_too=not same)
        # on a server the same CT may come by two ways, packed in two ways
        folder.write_input(content, images=images_digest(ct) if options.server else "")
        folder.write_candidates(scored, reading.candidates)
        folder.write_acquisition(ct.source)
        folder.write_outlines(reading.outlines)
        if reading.tokens is not None:
            folder.malignancy.write_tokens(reading.tokens)
        folder.malignancy.write_context(context_of(handle, self.options.contexts))
        if options.heatmaps:
            self._write_maps(folder, handle, reading)
        if options.patient_secret is not None and folder.read_images() is None:
            options.progress("view", 0.0)
            examination = examination_of_series(handle.origin, secret=options.patient_secret)
            folder.write_images(ct, examination=examination)

    def _write_maps(
        self, folder: ResultFolder, handle: SeriesHandle, reading: PipelineResult
    ) -> None:
        self.options.progress("explain", 0.0)
        frames = handle.origin.frames if isinstance(handle.origin, CtSeries) else ()
        files = () if self.options.server else tuple(dict.fromkeys(frame.path for frame in frames))
        written = self.scorer.explain(reading.prepared, reading.findings, folder, dicom=files)
        if files and written and not any(path.suffix == ".dcm" for path in written):
            from medical.scoring.forms.heatmaps import why_no_parametric_map

            reason = f"no DICOM parametric map: {why_no_parametric_map(frames)}"
            self.not_written.append((handle.series_instance_uid, reason))

    def _write_forms(
        self,
        folder: ResultFolder,
        scored: SeriesFindings,
        handle: SeriesHandle,
        load: Callable[[], CtVolume],
        *,
        again: bool,
    ) -> None:
        """Write what an archive understands; on a server nothing that carries a patient's name."""
        if not self.options.forms or self.options.server:
            return
        from medical.scoring.forms.writer import FormWriter  # highdicom: only where it is asked for

        writer = FormWriter(folder, scored, handle, self.scorer.card, load)
        forms = self.options.forms if again else writer.missing(self.options.forms)
        for problem in writer.write(forms):
            self.not_written.append((handle.series_instance_uid, problem))

    def _headers(self, handle: SeriesHandle) -> bytes:
        from medical.scoring.forms.writer import headers_to_keep  # highdicom: a server's only

        return headers_to_keep(handle)

    def _earlier(self, handle: SeriesHandle, content: Content) -> SeriesFindings | None:
        """Return the result there is, if wanted, of these files, by this model, in this form."""
        if not self.options.resume:
            return None
        folder = ResultFolder(self.out / handle.series_instance_uid)
        earlier = folder.find_findings()
        if earlier is None or earlier.input is None or earlier.input.sha256 != content.sha256:
            return None
        rated_so = earlier.malignancy_model == reference_of(self.scorer.malignancy)
        if not rated_so or context_of(handle, self.options.contexts) not in (
            None,
            folder.malignancy.find_context(),
        ):
            return None
        # An earlier version's result names its weights only, and these may be calibrated anew.
        same_model = earlier.model.digest == self.scorer.card.digest
        if not same_model or earlier.samples != self.scorer.samples:
            return None
        wanted = [finding.id for finding in earlier.findings] if self.options.heatmaps else []
        return earlier if len(folder.maps(wanted)) == len(wanted) else None
