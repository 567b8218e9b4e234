"""What a run has done so far: gathered for its end, kept in its manifest, told to who watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from medical.detection.findings import SeriesFindings
from medical.dicom.header.identity import Identity
from medical.dicom.header.tags import valid_uid
from medical.errors import InputError
from medical.files import Content
from medical.io.series_handle import SeriesHandle
from medical.plain_text import counted
from medical.results.manifest import Manifest, ManifestEntry, Outcome
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
    """What a run did: results, inputs that failed, series passed over and forms not written.

    The last two are pairs of a series and the reason.
    """

    series: tuple[ScoredSeries, ...]
    errors: tuple[InputError, ...]
    not_chosen: tuple[tuple[str, str], ...] = ()
    not_written: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Tally:
    """Counts a run's series.

    Args:
        card: of the model.
        manifest: gets a line a series; none on a server, whose store keeps them.
        watch: told, after each series, what became of it, and how many are done, failed, and
            expected so far.
        expected: series known of so far.
    """

    card: ModelCard
    manifest: Manifest | None
    watch: Callable[[str, int, int, int], None]
    expected: int = 0
    series: list[ScoredSeries] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    not_chosen: list[tuple[str, str]] = field(default_factory=list)
    not_written: list[tuple[str, str]] = field(default_factory=list)

    def add(
        self, scored: ScoredSeries, handle: SeriesHandle, content: Content, *, already: bool
    ) -> None:
        """Count a result, made now or there already."""
        self.series.append(scored)
        findings = scored.findings
        seconds = 0.0 if already else sum(findings.seconds.model_dump().values())
        self._enter(
            "there already" if already else "scored",
            handle,
            content,
            findings=len(findings.findings),
            seconds=round(seconds, 3),
        )

    def fail(
        self, error: InputError, handle: SeriesHandle | None = None, content: Content | None = None
    ) -> None:
        """Count what could not be scored."""
        self.errors.append(error)
        self._enter("failed", handle, content, reason=str(failure_sentence(error, error.path)))

    def result(self) -> ScoreResult:
        """Return all that was counted, results in the order in which they were added."""
        return ScoreResult(
            tuple(self.series), tuple(self.errors), tuple(self.not_chosen), tuple(self.not_written)
        )

    def _enter(
        self,
        outcome: Outcome,
        handle: SeriesHandle | None,
        content: Content | None,
        *,
        findings: int = 0,
        seconds: float = 0.0,
        reason: str = "",
    ) -> None:
        uid = handle.series_instance_uid if handle else ""
        entry = ManifestEntry(
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            series_instance_uid=uid if valid_uid(uid) else "",
            sha256=content.sha256 if content else "",
            model=f"{self.card.name} {self.card.version}",
            digest=self.card.digest,
            outcome=outcome,
            findings=findings,
            seconds=seconds,
            reason=reason,
        )
        if self.manifest is None:
            return
        self.manifest.enter(entry)
        name = entry.series_instance_uid or f"series {entry.sha256[:12]}".strip()
        what = reason or f"{outcome}, {counted(findings, 'finding')}, {seconds:.1f} s"
        self.watch(f"{name}: {what}", len(self.series), len(self.errors), self.expected)
