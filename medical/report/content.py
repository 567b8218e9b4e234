"""What a report says, before it becomes text, PDF or a table, and what it may have missed."""

from __future__ import annotations

from dataclasses import dataclass

from medical.detection.calibration import MIN_DIAMETER_MM
from medical.detection.findings import SeriesFindings
from medical.evaluation.expected_performance import expected_at_points
from medical.nodule.guidelines.assessment import Demographics, Examination
from medical.nodule.guidelines.engine import Guidelines
from medical.report.change import ChangeSince
from medical.report.guideline_input import guidelines_of
from medical.review.reading import ReadFinding, StudyReading
from medical.store.tables import Study
from models.zoo.card import ModelCard

_SAME_POINT = 0.005


@dataclass(frozen=True, slots=True)
class DetectionLimits:
    """What the card says of the model at the operating point of a series.

    Args:
        least_mm: smaller nodules are rarely detected; the model was made for larger ones.
        sensitivity: share of inserted nodules found; ``None`` where the card has no such figure.
        sensitivity_ci95: its exact interval.
        nodules: how many inserted nodules it was measured on.
        scans: in how many scans.
        source: name and version of the card.
    """

    least_mm: float = MIN_DIAMETER_MM
    sensitivity: float | None = None
    sensitivity_ci95: tuple[float, float] = (0.0, 1.0)
    nodules: int = 0
    scans: int = 0
    source: str = ""


def detection_limits(card: ModelCard | None, operating_point: float) -> DetectionLimits:
    """Return the limits at ``operating_point``.

    Args:
        card: of the weights that scored; ``None`` where they are no longer here.
        operating_point: at which the series was scored.
    """
    points = expected_at_points(card) if card is not None else []
    if card is None or not points:
        return DetectionLimits()
    point = min(points, key=lambda one: abs(one.threshold - operating_point))
    if abs(point.threshold - operating_point) > _SAME_POINT:
        return DetectionLimits()
    return DetectionLimits(
        MIN_DIAMETER_MM,
        point.sensitivity,
        point.sensitivity_ci95,
        card.operating_nodules,
        card.operating_scans,
        f"{card.name} {card.version}",
    )


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
    limits: DetectionLimits = DetectionLimits()

    @property
    def accepted(self) -> list[ReadFinding]:
        """Nodules that a reader confirmed or added, and that somebody measured."""
        return [one for one in self.reported if one.verdict == "accepted"]

    @property
    def rejected(self) -> list[ReadFinding]:
        """Findings that a reader rejected."""
        return [one for one in self.findings if one.verdict == "rejected"]

    @property
    def unmeasured(self) -> list[ReadFinding]:
        """Places that a reader accepted as nodules and nobody measured; new ones are refused."""
        return [
            one for one in self.findings if one.verdict == "accepted" and one.diameter_mm is None
        ]

    @property
    def undecided(self) -> list[ReadFinding]:
        """Findings that nobody has decided on, or that have no size yet."""
        return [one for one in self.findings if one.verdict == "open"] + self.unmeasured

    @property
    def reported(self) -> list[ReadFinding]:
        """What the findings section holds: confirmed nodules, and findings not decided yet.

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
