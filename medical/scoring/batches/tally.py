"""What a run has done so far: gathered for its end, kept in its manifest, told to who watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from medical.detection.findings import SeriesFindings
from medical.dicom.header.identity import Identity
from medical.dicom.header.patient import examination_of_series
from medical.dicom.header.tags import valid_uid
from medical.errors import InputError
from medical.files import Content
from medical.io.series_handle import SeriesHandle
from medical.plain_text import counted
from medical.results.manifest import Manifest, ManifestEntry, Outcome
from medical.results.summary import Summary, SummaryRow
from medical.scoring.failures import failure_sentence
from models.zoo.card import ModelCard


@dataclass(frozen=True, slots=True)
class ScoredSeries:
    """One series' result.

    Args:
        findings: what was found.
        folder: that holds it.
        why_chosen: why this series of its study was read.
        headers: of the CT, for objects that are made once a reader has signed; empty but for a
            server's.
        identity: who is on the images, where the options ask for it; it is written nowhere.
    """

    findings: SeriesFindings
    folder: Path
    why_chosen: str = ""
    headers: bytes = field(default=b"", repr=False)
    identity: Identity | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """What a run did.

    Args:
        series: results.
        errors: inputs that failed.
        not_chosen: series passed over, and why.
        not_written: series and a form of their result that was not written, and why.
        already: how many of the results were there before.
    """

    series: tuple[ScoredSeries, ...]
    errors: tuple[InputError, ...]
    not_chosen: tuple[tuple[str, str], ...] = ()
    not_written: tuple[tuple[str, str], ...] = ()
    already: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesEnd:
    """What became of a series, and where the run stands then.

    Args:
        sentence: for a log; names no patient.
        scored: its result; ``None`` where it failed.
        already: whether the result was there before.
        done: series with a result.
        failed: series and inputs without.
        expected: series known of so far.
    """

    sentence: str
    scored: ScoredSeries | None
    already: bool
    done: int
    failed: int
    expected: int


@dataclass(slots=True)
class Tally:
    """Counts a run's series.

    Args:
        card: of the model.
        out: folder of the manifest and the summary; none on a server, whose store keeps what they
            say.
        watch: told after each series what became of it.
        pseudonyms: the secret that patients' pseudonyms are made by; without it there are none.
        expected: series known of so far.
    """

    card: ModelCard
    out: Path | None
    watch: Callable[[SeriesEnd], None]
    pseudonyms: bytes | None = None
    expected: int = 0
    series: list[ScoredSeries] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    not_chosen: list[tuple[str, str]] = field(default_factory=list)
    not_written: list[tuple[str, str]] = field(default_factory=list)
    already: int = 0
    _manifest: Manifest | None = field(init=False, default=None)
    _summary: Summary | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Begin the files."""
        if self.out is not None:
            self._manifest, self._summary = Manifest(self.out), Summary(self.out)

    def add(
        self, scored: ScoredSeries, handle: SeriesHandle, content: Content, *, already: bool
    ) -> None:
        """Count a result, made now or there already."""
        self.series.append(scored)
        self.already += already
        findings = scored.findings
        seconds = 0.0 if already else sum(findings.seconds.model_dump().values())
        self._enter(
            "there already" if already else "scored",
            handle,
            content,
            scored=scored,
            seconds=round(seconds, 3),
        )

    def fail(
        self, error: InputError, handle: SeriesHandle | None = None, content: Content | None = None
    ) -> None:
        """Count what could not be scored."""
        self.errors.append(error)
        sentence = str(failure_sentence(error, error.path))
        self._enter("failed", handle, content, reason=sentence, path=error.path)

    def result(self) -> ScoreResult:
        """Return all that was counted, results in the order in which they were added."""
        return ScoreResult(
            tuple(self.series),
            tuple(self.errors),
            tuple(self.not_chosen),
            tuple(self.not_written),
            self.already,
        )

    def _enter(
        self,
        outcome: Outcome,
        handle: SeriesHandle | None,
        content: Content | None,
        *,
        scored: ScoredSeries | None = None,
        seconds: float = 0.0,
        reason: str = "",
        path: Path | None = None,
    ) -> None:
        if self._manifest is None or self._summary is None:
            return
        reached = scored.findings.findings if scored else []
        uid = handle.series_instance_uid if handle else ""
        entry = ManifestEntry(
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            series_instance_uid=uid if valid_uid(uid) else "",
            sha256=content.sha256 if content else "",
            model=f"{self.card.name} {self.card.version}",
            digest=self.card.digest,
            outcome=outcome,
            findings=len(reached),
            seconds=seconds,
            reason=reason,
        )
        self._manifest.enter(entry)
        self._summary.enter(
            SummaryRow(
                input=str(path or (handle.path if handle else "")),
                series_instance_uid=entry.series_instance_uid,
                patient=self._pseudonym(handle),
                outcome=outcome,
                findings=str(len(reached)) if scored else "",
                strongest=f"{max(f.probability for f in reached):.3f}" if reached else "",
                seconds=f"{seconds:.1f}" if scored else "",
                reason=reason,
            )
        )
        name = entry.series_instance_uid or f"series {entry.sha256[:12]}".strip()
        what = reason or f"{outcome}, {counted(len(reached), 'finding')}, {seconds:.1f} s"
        self.watch(
            SeriesEnd(
                sentence=f"{name}: {what}",
                scored=scored,
                already=outcome == "there already",
                done=len(self.series),
                failed=len(self.errors),
                expected=self.expected,
            )
        )

    def _pseudonym(self, handle: SeriesHandle | None) -> str:
        if handle is None or self.pseudonyms is None:
            return ""
        return examination_of_series(handle.origin, secret=self.pseudonyms).patient
