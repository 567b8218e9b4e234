"""What the guidelines say about the nodules of one CT: one engine for the page and the report.

A nodule without a category leaves the examination without one: the most suspicious nodule decides,
and nobody knows whether it is that nodule. An interval of the diameter that reaches into another
row of the table is told beside the row that the diameter itself gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from medical.nodule.guidelines.assessment import Examination, History
from medical.nodule.guidelines.fleischner import NodulesDensity, Patient, fleischner
from medical.nodule.guidelines.lung_rads import ORDER, ScreenedNodule, examination, lung_rads
from medical.nodule.guidelines.lung_rads_table import VOLUME_MM3, Status
from medical.nodule.guidelines.rules import Fired, NotApplicable, RuleResult, needs

NO_HISTORY = "new, growing or stable"
NO_SOLID_HISTORY = "new, growing or stable solid component"
NO_PATTERN = "pattern of calcification"
NO_DIAMETER = "diameter"
UNDECIDED = "not applicable: findings are not decided"
UNCLASSIFIED = "no category: a nodule cannot be classified"
NOT_SCREENING = "not applicable: not a screening examination"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedNodule:
    """A nodule as page and report hand it to the guidelines.

    Args:
        id: its number in the series.
        density: the reader's where there is one, else the model's; ``None`` where neither is.
        density_by: who says so.
        diameter_mm: the reader's mean diameter where there is one, else the model's.
        diameter_ci95: of the model's; ``None`` beside a reader's.
        solid_diameter_mm: of the solid component, by a reader.
        calcification_benign: whether the pattern is a benign one; ``None`` is not known.
        history: against earlier examinations; used where the CT is a follow-up.
        other_histories: what the comparison does not exclude beside it.
        history_missing: why there is no history, where a comparison was made.
        prior_category: of the earlier examination.
        decided: whether a reader has accepted it.
    """

    id: int
    density: NodulesDensity | None
    density_by: Literal["model", "reader"]
    diameter_mm: float | None
    diameter_ci95: tuple[float, float] | None = None
    solid_diameter_mm: float | None = None
    calcification_benign: bool | None = None
    history: History | None = None
    other_histories: tuple[History, ...] = ()
    history_missing: str = ""
    prior_category: str | None = None
    decided: bool = True


@dataclass(frozen=True, slots=True)
class Ruling:
    """A guideline on one nodule: its row, and other categories that cannot be excluded."""

    result: RuleResult
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guidance:
    """Both guidelines on one nodule.

    Args:
        finding_id: which.
        lung_rads: by the kind of examination; as if a first screening CT where none is entered.
        fleischner: as if the finding were made by chance, where no kind is entered.
        density_by: whose density decided.
        decided: whether a reader has accepted the finding.
    """

    finding_id: int
    lung_rads: Ruling
    fleischner: Ruling
    density_by: Literal["model", "reader"]
    decided: bool


@dataclass(frozen=True, slots=True)
class ExaminationCategory:
    """Lung-RADS of the whole examination.

    Args:
        result: the category, or why there is none.
        finding_id: the nodule that gives it; ``None`` without nodules or category.
        others: further categories that the intervals do not exclude.
        unclassified: the nodules that keep it without one, each with what is missing.
    """

    result: RuleResult
    finding_id: int | None = None
    others: tuple[str, ...] = ()
    unclassified: tuple[tuple[int, NotApplicable], ...] = ()


@dataclass(frozen=True, slots=True)
class Guidelines:
    """Everything that the guidelines say about one CT."""

    rows: tuple[Guidance, ...]
    examination: ExaminationCategory


def apply_guidelines(
    nodules: Sequence[AssessedNodule], entered: Examination, *, age_years: float | None
) -> Guidelines:
    """Apply Lung-RADS v2022 and Fleischner 2017 to the nodules of one CT.

    Args:
        nodules: what no reader has rejected.
        entered: kind of the examination, and the patient's risk.
        age_years: the reader's or the header's.
    """
    patient = Patient(
        age_years=age_years,
        risk=entered.risk,
        screening=entered.kind in ("baseline", "follow-up"),
        known_cancer=entered.known_cancer,
        immunosuppressed=entered.immunosuppressed,
    )
    multiple = len(nodules) > 1
    rows = tuple(
        Guidance(
            nodule.id,
            _lung_rads(nodule, entered),
            _fleischner(nodule, patient, multiple=multiple),
            nodule.density_by,
            nodule.decided,
        )
        for nodule in nodules
    )
    return Guidelines(rows, _examination(rows, entered))


def _lung_rads(nodule: AssessedNodule, entered: Examination) -> Ruling:
    if entered.kind == "incidental":
        return Ruling(NotApplicable(NOT_SCREENING))
    if nodule.density is None:
        return Ruling(needs("density"))
    if nodule.density == "calcified" and nodule.calcification_benign is None:
        return Ruling(needs(NO_PATTERN))
    statuses: list[Status] = ["baseline"]
    if entered.kind == "follow-up" and not nodule.calcification_benign:
        if nodule.history is None:
            solid_part = nodule.density == "part-solid" and not nodule.history_missing
            missing = NO_SOLID_HISTORY if solid_part else NO_HISTORY
            return Ruling(needs(nodule.history_missing or missing))
        statuses = [nodule.history, *nodule.other_histories]
    screened = ScreenedNodule(
        density="solid" if nodule.density == "calcified" else nodule.density,
        status=statuses[0],
        diameter_mm=nodule.diameter_mm,
        solid_diameter_mm=nodule.solid_diameter_mm,
        benign=bool(nodule.density == "calcified" and nodule.calcification_benign),
        prior_category=nodule.prior_category,
    )
    if nodule.diameter_mm is None and not screened.benign:
        return Ruling(needs(NO_DIAMETER))
    result = lung_rads(screened)
    if not isinstance(result, Fired):
        return Ruling(result)
    reached = {
        fired.category
        for status in statuses
        for size in _sizes(nodule, VOLUME_MM3)
        if isinstance(fired := lung_rads(replace(screened, status=status, diameter_mm=size)), Fired)
    }
    return Ruling(result, _others(reached, result.category, ORDER.index))


def _fleischner(nodule: AssessedNodule, patient: Patient, *, multiple: bool) -> Ruling:
    density = nodule.density
    if density is None:
        return Ruling(needs("density"))

    def rule(size: float | None) -> RuleResult:
        return fleischner(density, patient, multiple=multiple, diameter_mm=size)

    result = rule(nodule.diameter_mm)
    if not isinstance(result, Fired):
        return Ruling(result)
    advised: dict[str, int] = {}  # in the order of growing size
    for size in _sizes(nodule, (5.5, 8.5)):
        if isinstance(fired := rule(size), Fired):
            advised.setdefault(fired.category, len(advised))
    return Ruling(result, _others(advised, result.category, advised.__getitem__))


def _sizes(nodule: AssessedNodule, limits: Iterable[float]) -> list[float | None]:
    """Return the diameter, the ends of its interval, and each limit of the table within it."""
    if nodule.diameter_ci95 is None:
        return [nodule.diameter_mm]
    low, high = nodule.diameter_ci95
    inside = [limit for limit in limits if low < limit <= high]
    return [low, *inside, high, nodule.diameter_mm]


def _others(reached: Iterable[str], category: str, rank: Callable[[str], int]) -> tuple[str, ...]:
    return tuple(
        sorted(
            (other for other in reached if other != category),
            key=rank,
        )
    )


def _examination(rows: Sequence[Guidance], entered: Examination) -> ExaminationCategory:
    if entered.kind == "incidental":
        return ExaminationCategory(NotApplicable(NOT_SCREENING))
    if any(not row.decided for row in rows):
        return ExaminationCategory(NotApplicable(UNDECIDED))
    if not rows:
        if entered.kind is None:
            return ExaminationCategory(NotApplicable(NOT_SCREENING))
        return ExaminationCategory(examination([]))
    open_rows = tuple(
        (row.finding_id, row.lung_rads.result)
        for row in rows
        if isinstance(row.lung_rads.result, NotApplicable)
    )
    if open_rows:
        missing = dict.fromkeys(name for _, result in open_rows for name in result.missing)
        return ExaminationCategory(
            NotApplicable(UNCLASSIFIED, tuple(missing)), unclassified=open_rows
        )
    fired = [(row.lung_rads.result, row) for row in rows if isinstance(row.lung_rads.result, Fired)]
    worst, row = max(fired, key=lambda pair: ORDER.index(pair[0].category))
    # The highest of the lowest categories is certain, the highest of the highest is possible.
    spans = [
        sorted(map(ORDER.index, (r.category, *ruling.lung_rads.others))) for r, ruling in fired
    ]
    low, high = max(span[0] for span in spans), max(span[-1] for span in spans)
    reached = {ORDER[rank] for span in spans for rank in span if low <= rank <= high}
    others = _others(reached, worst.category, ORDER.index)
    return ExaminationCategory(worst, row.finding_id, others)
