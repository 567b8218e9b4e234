"""The one input of the guidelines: what page and report both hand to the engine."""

from __future__ import annotations

from collections.abc import Iterable

from medical.nodule.growth import Growth
from medical.nodule.guidelines.assessment import Demographics, Examination
from medical.nodule.guidelines.engine import AssessedNodule, Guidelines, apply_guidelines
from medical.nodule.guidelines.lung_rads import HistoryFound, history_by_growth
from medical.report.change import ChangeSince, Followed
from medical.review.reading import ReadFinding


def guidelines_of(
    findings: Iterable[ReadFinding],
    said: Examination,
    header: Demographics,
    change: ChangeSince | None,
) -> Guidelines:
    """Apply Lung-RADS and Fleischner to the findings of one series.

    Rejected findings are left out, nodules that a reader added are in, a reader's diameter and
    density stand before the model's, and so does a reader's word on growth before the comparison's.

    Args:
        findings: of the series, with their decisions.
        said: what was entered about the examination.
        header: age and sex by the images.
        change: since an earlier CT, where one was compared.
    """
    nodules = [_nodule(one, change) for one in findings if one.verdict != "rejected"]
    age = header.age_years if said.age_years is None else said.age_years
    return apply_guidelines(nodules, said, age_years=age)


def _nodule(one: ReadFinding, change: ChangeSince | None) -> AssessedNodule:
    entered = one.assessment
    by_reader = one.diameter_by_reader_mm is not None
    if entered.history is not None or change is None:
        found = HistoryFound(entered.history)
    else:
        found = history_in(change, one)
    return AssessedNodule(
        id=one.number,
        # no line of the tables speaks of a ring round air
        density=None if one.density == "cavitary" else one.density,
        density_by="model" if entered.density is None else "reader",
        diameter_mm=one.diameter_mm,
        diameter_ci95=None if by_reader else one.measured.diameter_ci95,
        solid_diameter_mm=entered.solid_diameter_mm,
        calcification_benign=(
            None if entered.calcification is None else entered.calcification == "benign"
        ),
        history=found.history,
        other_histories=found.others,
        history_missing=found.missing,
        prior_category=entered.prior_category,
        decided=one.verdict == "accepted",
    )


def history_in(change: ChangeSince, one: ReadFinding) -> HistoryFound:
    """Find new, growing or stable by the comparison, as the ACR defines growth.

    Of a part-solid nodule the growth of the solid component counts, which is not compared.
    """
    if any(new.id == one.number for new in change.new):
        return HistoryFound("new")
    pair = next((pair for pair in change.matched if pair[0].id == one.number), None)
    if pair is None or one.density == "part-solid":
        return HistoryFound(None)
    _, then, growth = pair
    by_reader = one.diameter_by_reader_mm
    if by_reader is not None:
        difference, ci95 = by_reader - then.diameter_mm, None
    else:
        difference, ci95 = growth.diameter.difference, _difference_ci95(then, growth)
    return history_by_growth(difference, difference_ci95=ci95, interval_days=change.earlier.days)


def _difference_ci95(then: Followed, growth: Growth) -> tuple[float, float]:
    low, high = growth.diameter.ratio_ci95
    return then.diameter_mm * (low - 1), then.diameter_mm * (high - 1)
