"""What a report says, before it becomes text, PDF or a table, and what it may have missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from medical.detection.calibration import MIN_DIAMETER_MM
from medical.detection.findings import ModelReference, SeriesFindings
from medical.dicom.header.identity import Identity
from medical.evaluation.expected_performance import expected_at_points
from medical.nodule.growth import Growth
from medical.nodule.guidelines.assessment import Demographics, Examination
from medical.nodule.guidelines.engine import AssessedNodule, Guidelines, apply_guidelines
from medical.nodule.guidelines.lung_rads import HistoryFound, history_by_growth
from medical.report.earlier.change import ChangeSince, Followed
from medical.results.typed_context import TypedContext
from medical.review.reading import ReadFinding, StudyReading
from medical.store.tables import Study
from models.zoo.card import ModelCard


def guidelines_of(
    findings: Iterable[ReadFinding],
    examination: Examination,
    header: Demographics,
    change: ChangeSince | None,
) -> Guidelines:
    """Apply Lung-RADS and Fleischner to the findings of one series.

    Rejected findings are left out, nodules that a reader added are in, a reader's diameter and
    density stand before the model's, and so does a reader's word on growth before the comparison's.

    Args:
        findings: of the series, with their decisions.
        examination: what was entered about the examination.
        header: age and sex by the images.
        change: since an earlier CT, where one was compared.
    """
    nodules = [_nodule(finding, change) for finding in findings if finding.verdict != "rejected"]
    age = header.age_years if examination.age_years is None else examination.age_years
    return apply_guidelines(nodules, examination, age_years=age)


def _nodule(finding: ReadFinding, change: ChangeSince | None) -> AssessedNodule:
    entered = finding.assessment
    by_reader = finding.diameter_by_reader_mm is not None
    if entered.history is not None or change is None:
        history = HistoryFound(entered.history)
    else:
        history = history_in(change, finding)
    return AssessedNodule(
        id=finding.number,
        # no line of the tables speaks of a ring round air
        density=None if finding.density == "cavitary" else finding.density,
        density_by="model" if entered.density is None else "reader",
        diameter_mm=finding.diameter_mm,
        diameter_ci95=None if by_reader else finding.measured.diameter_ci95,
        solid_diameter_mm=entered.solid_diameter_mm,
        calcification_benign=(
            None if entered.calcification is None else entered.calcification == "benign"
        ),
        history=history.history,
        other_histories=history.others,
        history_missing=history.missing,
        prior_category=entered.prior_category,
        decided=finding.verdict == "accepted",
    )


def history_in(change: ChangeSince, finding: ReadFinding) -> HistoryFound:
    """Find new, growing or stable by the comparison, as the ACR defines growth.

    Of a part-solid nodule the growth of the solid component counts, which is not compared.
    """
    if any(new.id == finding.number for new in change.new):
        return HistoryFound("new")
    pair = next((pair for pair in change.matched if pair[0].id == finding.number), None)
    if pair is None or finding.density == "part-solid":
        return HistoryFound(None)
    _, then, growth = pair
    by_reader = finding.diameter_by_reader_mm
    if by_reader is not None:
        difference, ci95 = by_reader - then.diameter_mm, None
    else:
        difference, ci95 = growth.diameter.difference, _difference_ci95(then, growth)
    return history_by_growth(difference, difference_ci95=ci95, interval_days=change.earlier.days)


def _difference_ci95(then: Followed, growth: Growth) -> tuple[float, float]:
    low, high = growth.diameter.ratio_ci95
    return then.diameter_mm * (low - 1), then.diameter_mm * (high - 1)


def card_of(
    cards: Sequence[ModelCard], model: ModelReference, operating_point: float
) -> ModelCard | None:
    """Return the card of the model that made a result; ``None`` where it is no longer here.

    Args:
        cards: of the models at hand.
        model: as the result names it.
        operating_point: of the result; it tells cards apart where the result has no digest.
    """
    return next((card for card in cards if _is_of(card, model, operating_point)), None)


def _is_of(card: ModelCard, model: ModelReference, operating_point: float) -> bool:
    if model.digest is not None:
        return card.digest == model.digest
    named = (card.name, card.version, card.sha256) == (model.name, model.version, model.sha256)
    return named and card.operating_point == operating_point


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
    point = min(points, key=lambda row: abs(row.threshold - operating_point))
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
        typed: clinical context that a reader typed; ``None`` where nobody did.
        identity: who is on the images, as far as readers may see; ``None`` where it is not known.
    """

    study: Study
    scored: SeriesFindings
    findings: tuple[ReadFinding, ...]
    change: ChangeSince | None = None
    header: Demographics = Demographics()  # noqa: RUF009  (frozen)
    limits: DetectionLimits = DetectionLimits()
    typed: TypedContext | None = None
    identity: Identity | None = None

    @property
    def accepted(self) -> list[ReadFinding]:
        """Nodules that a reader confirmed or added, and that somebody measured."""
        return [finding for finding in self.reported if finding.verdict == "accepted"]

    @property
    def rejected(self) -> list[ReadFinding]:
        """Findings that a reader rejected."""
        return [finding for finding in self.findings if finding.verdict == "rejected"]

    @property
    def unmeasured(self) -> list[ReadFinding]:
        """Places that a reader accepted as nodules and nobody measured; new ones are refused."""
        return [
            finding
            for finding in self.findings
            if finding.verdict == "accepted" and finding.diameter_mm is None
        ]

    @property
    def undecided(self) -> list[ReadFinding]:
        """Findings that nobody has decided on, or that have no size yet."""
        return [finding for finding in self.findings if finding.verdict == "open"] + self.unmeasured

    @property
    def reported(self) -> list[ReadFinding]:
        """What the findings section holds: confirmed nodules, and findings not decided yet.

        A place where neither the model nor a reader measured anything is no finding to report.
        """
        return [
            finding
            for finding in self.findings
            if finding.verdict != "rejected" and finding.diameter_mm is not None
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
