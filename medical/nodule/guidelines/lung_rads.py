"""Lung-RADS v2022: the category of one nodule and of a screening examination, and growth by it.

Source:
    ACR Lung-RADS v2022; its table stands in ``lung_rads_table``. Note on growth: an increase in
    mean diameter of more than 1.5 mm within a 12-month interval. Slow growth over several
    examinations cannot be told from two CTs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medical.nodule.guidelines.assessment import History
from medical.nodule.guidelines.lung_rads_table import (
    JUXTAPLEURAL,
    SIZE_ROWS,
    SPECIAL_ROWS,
    STABLE_STEPS,
    VOLUME_MM3,
    Density,
    SizeBound,
    Special,
    Status,
)
from medical.nodule.guidelines.rules import (
    Fired,
    NotApplicable,
    RuleResult,
    needs,
    require_positive,
    round_half_up,
)

SOURCE = "ACR Lung-RADS v2022"
ORDER = ("0", "1", "2", "3", "4A", "4B", "4X")
GROWTH_MM = 1.5
YEAR_DAYS = 365.25
DAYS_BETWEEN = "days between the two CTs"
GROWTH_IN_A_YEAR = "growth within 12 months"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenedNodule:
    """What Lung-RADS asks about a nodule.

    Args:
        density: ``None`` for airway nodules and cysts.
        status: against earlier examinations; ``baseline`` on a first one.
        diameter_mm: mean of long and short axis of the whole nodule.
        volume_mm3: of the whole nodule; used where no diameter is given.
        solid_diameter_mm: mean diameter of a part-solid nodule's solid component.
        solid_volume_mm3: of the solid component; used where its diameter is not given.
        benign: complete, central, popcorn or concentric calcification, or fat.
        juxtapleural: smooth, oval, lentiform or triangular at the pleura or a fissure.
        suspicious: features that raise suspicion (spiculation, nodes, doubling within a year).
        prior_category: Lung-RADS category of the earlier examination, for stable nodules.
    """

    density: Density | None = None
    status: Status = "baseline"
    diameter_mm: float | None = None
    volume_mm3: float | None = None
    solid_diameter_mm: float | None = None
    solid_volume_mm3: float | None = None
    benign: bool = False
    juxtapleural: bool = False
    suspicious: bool = False
    special: Special | None = None
    prior_category: str | None = None

    def __post_init__(self) -> None:
        require_positive(
            diameter_mm=self.diameter_mm,
            volume_mm3=self.volume_mm3,
            solid_diameter_mm=self.solid_diameter_mm,
            solid_volume_mm3=self.solid_volume_mm3,
        )


def lung_rads(nodule: ScreenedNodule) -> RuleResult:
    """Return the category of one nodule and the line of the table that gave it.

    Diameters count as the table's note on measurement says they are reported, to one decimal,
    volumes to the whole cubic millimetre: 5.94 mm is below 6 mm, 5.95 mm is 6.0 mm.
    """
    if nodule.benign:
        return _fired("1", "nodule with benign calcification or fat")
    result = _by_special(nodule) if nodule.special else _by_size(nodule)
    if nodule.suspicious and isinstance(result, Fired) and result.category in ("3", "4A", "4B"):
        return _fired("4X", f"{result.rule}; with additional features that raise suspicion")
    return result


def examination(results: Sequence[Fired]) -> Fired:
    """Return the examination's category: of its most suspicious nodule, 1 without any."""
    if not results:
        return _fired("1", "no lung nodules")
    return max(results, key=lambda result: ORDER.index(result.category))


def _by_special(nodule: ScreenedNodule) -> RuleResult:
    for row in SPECIAL_ROWS:
        if row.special == nodule.special and nodule.status in row.statuses:
            return _fired(row.category, row.text)
    return NotApplicable(f"no line of the table for {nodule.special}, {nodule.status}")


def _by_size(nodule: ScreenedNodule) -> RuleResult:
    if nodule.density is None:
        return needs("density")
    if nodule.status == "stable" and nodule.density != "ground-glass":
        return _stable(nodule)
    missing: tuple[str, ...] = ()
    if _juxtapleural(nodule):
        return _fired(JUXTAPLEURAL.category, JUXTAPLEURAL.text)
    for row in SIZE_ROWS:
        if row.density != nodule.density or nodule.status not in row.statuses:
            continue
        held = [(bound, _within(nodule, bound)) for bound in row.bounds]
        if all(inside for _, inside in held):
            return _fired(row.category, row.text)
        if not any(inside is False for _, inside in held):
            missing += tuple(_name(bound) for bound, inside in held if inside is None)
    return needs(*dict.fromkeys(missing or ("size",)))


def _stable(nodule: ScreenedNodule) -> RuleResult:
    if nodule.prior_category is None:
        return needs("prior category")
    step = STABLE_STEPS.get(nodule.prior_category)
    if step is None:
        return needs("result of the diagnostic work-up")
    return _fired(*step)


def _juxtapleural(nodule: ScreenedNodule) -> bool:
    return (
        nodule.juxtapleural
        and nodule.density == JUXTAPLEURAL.density
        and nodule.status in JUXTAPLEURAL.statuses
        and all(_within(nodule, bound) for bound in JUXTAPLEURAL.bounds)
    )


def _within(nodule: ScreenedNodule, bound: SizeBound) -> bool | None:
    """Whether the size lies in the bounds; ``None`` where it is not known."""
    whole = bound.measure == "total"
    diameter = nodule.diameter_mm if whole else nodule.solid_diameter_mm
    volume = nodule.volume_mm3 if whole else nodule.solid_volume_mm3
    if diameter is not None:
        return bound.low_mm <= round_half_up(diameter, digits=1) < bound.high_mm
    if volume is not None:
        low = VOLUME_MM3.get(bound.low_mm, 0.0)
        high = VOLUME_MM3.get(bound.high_mm, float("inf"))
        return low <= round_half_up(volume, digits=0) < high
    return True if (bound.low_mm, bound.high_mm) == (0.0, float("inf")) else None


def _name(bound: SizeBound) -> str:
    return "diameter" if bound.measure == "total" else "diameter of the solid component"


def _fired(category: str, rule: str) -> Fired:
    return Fired(category, rule, f"{SOURCE}, category {category}")


@dataclass(frozen=True, slots=True)
class HistoryFound:
    """What a comparison says about one nodule.

    Args:
        history: ``None`` where the comparison cannot say it.
        others: histories that the interval of the difference does not exclude.
        missing: what would have to be known, where ``history`` is ``None``.
    """

    history: History | None
    others: tuple[History, ...] = ()
    missing: str = ""


def history_by_growth(
    difference_mm: float,
    *,
    difference_ci95: tuple[float, float] | None,
    interval_days: float | None,
) -> HistoryFound:
    """Whether a nodule found in both CTs is growing or stable (or smaller).

    Args:
        difference_mm: of the mean diameters, later minus earlier; counts to one decimal.
        difference_ci95: its interval; ``None`` where a reader's own measure has none.
        interval_days: between the two CTs, > 0; ``None`` when it is not known.
    """
    history, missing = _history(difference_mm, interval_days)
    if history is None:
        return HistoryFound(None, missing=missing)
    ends = () if difference_ci95 is None else difference_ci95
    reached = {_history(end, interval_days)[0] for end in ends}
    others: tuple[History, ...] = ("growing", "stable")
    return HistoryFound(
        history, tuple(other for other in others if other in reached and other != history)
    )


def _history(difference_mm: float, interval_days: float | None) -> tuple[History | None, str]:
    sign = 1 if difference_mm >= 0 else -1
    difference = sign * round_half_up(abs(difference_mm), digits=1)
    if difference <= GROWTH_MM:
        return "stable", ""
    if interval_days is None:
        return None, DAYS_BETWEEN
    if interval_days <= YEAR_DAYS + 1:
        return "growing", ""
    if difference * YEAR_DAYS / interval_days > GROWTH_MM:
        return "growing", ""
    return None, GROWTH_IN_A_YEAR
