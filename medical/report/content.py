"""What a report says, before it becomes text, PDF or a table."""

from __future__ import annotations

from dataclasses import dataclass

from medical.detection.findings import SeriesFindings
from medical.nodule.guidelines.assessment import Demographics, Examination
from medical.nodule.guidelines.engine import Guidelines
from medical.report.change.change import ChangeSince
from medical.report.guideline_input import guidelines_of
from medical.report.limits import DetectionLimits
from medical.review.reading import ReadFinding, StudyReading
from medical.store.tables import Study


@dataclass(frozen=True, slots=True)
class ReportContent:
    """One series of a study, read.

    Args:
        study: for label, state and signature.
        scored: what the model said, for its name and the quality notes.
        findings: of this series, with readers' decisions.
        change: since an earlier CT; ``None`` where no reader has compared with one.
        header: age and sex by the images.
        limits: what the model may miss.
    """

    study: Study
    scored: SeriesFindings
    findings: tuple[ReadFinding, ...]
    change: ChangeSince | None = None
    header: Demographics = Demographics()  # noqa: RUF009  (frozen)
    limits: DetectionLimits = DetectionLimits()  # noqa: RUF009  (frozen)

    @property
    def accepted(self) -> list[ReadFinding]:
        """Nodules that a reader confirmed or added, and that somebody measured."""
        return [one for one in self.reported if one.verdict == "accepted"]

    @property
    def rejected(self) -> list[ReadFinding]:
        """Marks that a reader rejected."""
        return [one for one in self.findings if one.verdict == "rejected"]

    @property
    def unmeasured(self) -> list[ReadFinding]:
        """Places that a reader accepted as nodules and nobody measured; new ones are refused."""
        return [
            one for one in self.findings if one.verdict == "accepted" and one.diameter_mm is None
        ]

    @property
    def undecided(self) -> list[ReadFinding]:
        """Marks that nobody has decided on, or that have no size yet."""
        return [one for one in self.findings if one.verdict == "open"] + self.unmeasured

    @property
    def reported(self) -> list[ReadFinding]:
        """What the findings section holds: confirmed nodules, and marks not decided yet.

        A place where neither the model nor a reader measured anything is no finding to report.
        """
        return [
            one
            for one in self.findings
            if one.verdict != "rejected" and one.diameter_mm is not None
        ]

    @property
    def examination(self) -> Examination:
        """What readers entered about the examination."""
        return Examination.from_json(self.study.examination or "")

    @property
    def guidelines(self) -> Guidelines:
        """What Lung-RADS and Fleischner say, as the page shows it too."""
        return guidelines_of(self.findings, self.examination, self.header, self.change)


def report_content(reading: StudyReading, scored: SeriesFindings) -> ReportContent:
    """Gather the report of one series of a study."""
    return ReportContent(
        reading.study, scored, tuple(reading.of_series(scored.series_instance_uid))
    )
