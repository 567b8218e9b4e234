"""The guidelines on the findings of a series: one input for page and report, and their lines."""

from __future__ import annotations

from collections.abc import Iterable

from medical.i18n.catalogue import Translator
from medical.nodule.density_kinds import AGREED_PERCENT, NODULES
from medical.nodule.growth import Growth
from medical.nodule.guidelines.assessment import Demographics, Examination
from medical.nodule.guidelines.engine import (
    UNCLASSIFIED,
    AssessedNodule,
    ExaminationCategory,
    Guidance,
    Guidelines,
    Ruling,
    apply_guidelines,
)
from medical.nodule.guidelines.lung_rads import HistoryFound, history_by_growth
from medical.nodule.guidelines.rules import Fired
from medical.report.change import ChangeSince, Followed
from medical.report.content import ReportContent
from medical.report.guideline_terms import category_text, missing_text, reason_text, result_text
from medical.report.terms import CALCIFICATIONS, EXAMINATION_KINDS, HISTORIES, RISKS, SEXES
from medical.review.reading import ReadFinding


def guidelines_of(
    findings: Iterable[ReadFinding],
    said: Examination,
    header: Demographics,
    change: ChangeSince | None,
) -> Guidelines:
    """Apply Lung-RADS and Fleischner to the findings of one series.

    Rejected marks are left out, nodules that a reader added are in, a reader's diameter and density
    stand before the model's, and so does a reader's word on growth before the comparison's.

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


def guideline_lines(content: ReportContent, labels: Translator) -> tuple[str, ...]:
    """List what was entered, then a line for each nodule; nothing without nodules."""
    guidelines = content.guidelines
    if not guidelines.rows:
        return (entered_line(content.examination, content.header, labels),)
    lines = [entered_line(content.examination, content.header, labels)]
    lines += [_row(row, content, labels) for row in guidelines.rows]
    if any(row.density_by == "model" for row in guidelines.rows):
        lines.append(density_note(labels))
    return tuple(lines)


def density_note(labels: Translator) -> str:
    """Say how far the model's density can be relied on."""
    return labels(
        "Density by the model: not validated on real nodules in whole scans. On "
        "crops of real LIDC nodules it agreed with radiologists for {agreed} % "
        "of {nodules}; part-solid and ground-glass are the least certain. Verify "
        "it before relying on a category.",
        agreed=AGREED_PERCENT,
        nodules=NODULES,
    )


def examination_line(category: ExaminationCategory, said: Examination, labels: Translator) -> str:
    """Lung-RADS of the examination, or why it has none: every nodule that stands in the way."""
    result = category.result
    if isinstance(result, Fired):
        parts = {
            "kind": labels.among(EXAMINATION_KINDS, said.kind),
            "result": ruling_text(Ruling(result, category.others), labels),
        }
        if category.finding_id is None:
            return labels("Lung-RADS v2022 ({kind}): {result}.", **parts)
        number = category.finding_id
        return labels(
            "Lung-RADS v2022 ({kind}): {result}, by finding {number}.", number=number, **parts
        )
    reason = reason_text(result, labels)
    if result.reason != UNCLASSIFIED:
        return labels("Lung-RADS v2022: {reason}.", reason=reason)
    nodules = labels("; ").join(
        labels(
            "finding {number}: {missing}", number=number, missing=missing_text(why.missing, labels)
        )
        for number, why in category.unclassified
    )
    return labels("Lung-RADS v2022: {reason}. Missing: {nodules}.", reason=reason, nodules=nodules)


def ruling_text(ruling: Ruling, labels: Translator) -> str:
    """``2 (row of the table); 3 cannot be excluded``, or why there is no category."""
    text = result_text(ruling.result, labels)
    if ruling.others:
        others = labels(" or ").join(category_text(one, labels) for one in ruling.others)
        text = labels("{result}, but {others} cannot be excluded", result=text, others=others)
    return text


def entered_line(said: Examination, header: Demographics, labels: Translator) -> str:
    """List examination, age, sex and risk, each with where it comes from."""
    age = said.age_years if said.age_years is not None else header.age_years
    sex = said.sex or header.sex
    shown_age = _sourced(None if age is None else f"{age:g}", said.age_years, labels)
    shown_sex = _sourced(None if sex is None else labels.among(SEXES, sex), said.sex, labels)
    parts = [
        labels("Examination: {kind}.", kind=labels.among(EXAMINATION_KINDS, said.kind)),
        labels("Age: {value}.", value=shown_age),
        labels("Sex: {value}.", value=shown_sex),
        labels("Risk of lung cancer: {risk}.", risk=labels.among(RISKS, said.risk)),
    ]
    if said.known_cancer:
        parts.append(labels("Known cancer."))
    if said.immunosuppressed:
        parts.append(labels("Immunosuppressed."))
    return labels.sentences(parts)


def _sourced(value: str | None, entered: object, labels: Translator) -> str:
    """Say a value and whether a reader entered it or the images' header has it."""
    if value is None:
        return labels("not known")
    if entered is None:
        return labels("{value} (from the image header)", value=value)
    return labels("{value} (entered by a reader)", value=value)


def _row(row: Guidance, content: ReportContent, labels: Translator) -> str:
    finding = next(one for one in content.findings if one.number == row.finding_id)
    entered = finding.assessment
    parts = [
        labels(
            "Finding {number}: Lung-RADS {lung_rads}. Fleischner {fleischner}.",
            number=row.finding_id,
            lung_rads=ruling_text(row.lung_rads, labels),
            fleischner=ruling_text(row.fleischner, labels),
        )
    ]
    if entered.solid_diameter_mm is not None:
        parts.append(
            labels(
                "Solid component {size:.1f} mm (measured by the reader).",
                size=entered.solid_diameter_mm,
            )
        )
    if entered.calcification is not None:
        parts.append(labels.among(CALCIFICATIONS, entered.calcification))
    if entered.history is not None:
        history = labels.among(HISTORIES, entered.history)
        parts.append(labels("{history}, by the reader.", history=history))
    if entered.prior_category is not None:
        parts.append(
            labels(
                "Category of the earlier examination: {category}.", category=entered.prior_category
            )
        )
    if not row.decided:
        parts.append(labels("Not decided yet."))
    return labels.sentences(parts)
