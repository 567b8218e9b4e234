"""What a report says, before it becomes text, PDF or a table."""

from __future__ import annotations

from dataclasses import dataclass

from medical.detection.findings import SeriesFindings
from medical.report.change import ChangeSince
from medical.store.reading import ReadFinding, StudyReading
from medical.store.tables import Study


@dataclass(frozen=True, slots=True)
class ReportContent:
    """One series of a study, read.

    Args:
        study: for label, state and signature.
        scored: what the model said, for its name and the quality notes.
        findings: of this series, with readers' decisions.
        change: since an earlier CT; ``None`` where no reader has compared with one.
    """

    study: Study
    scored: SeriesFindings
    findings: tuple[ReadFinding, ...]
    change: ChangeSince | None = None

    @property
    def accepted(self) -> list[ReadFinding]:
        """Nodules that a reader confirmed or added."""
        return [one for one in self.findings if one.verdict == "accepted"]

    @property
    def rejected(self) -> list[ReadFinding]:
        """Marks that a reader rejected."""
        return [one for one in self.findings if one.verdict == "rejected"]

    @property
    def undecided(self) -> list[ReadFinding]:
        """Marks that nobody has decided on."""
        return [one for one in self.findings if one.verdict == "open"]

    @property
    def reported(self) -> list[ReadFinding]:
        """What the findings section holds: confirmed nodules, and marks not decided yet."""
        return [one for one in self.findings if one.verdict != "rejected"]


def report_content(reading: StudyReading, scored: SeriesFindings) -> ReportContent:
    """The report of one series of a study."""
    return ReportContent(
        reading.study, scored, tuple(reading.of_series(scored.series_instance_uid))
    )
