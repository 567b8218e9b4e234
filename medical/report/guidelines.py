"""The guidelines as lines of the report, and their rules, advice and reasons in its language.

The engine speaks English, in the words of the published tables; they stand here so that the
catalogue has them. A test walks through all that the engine can say, so a row that is added to a
table needs its line here.
"""

from __future__ import annotations

import re

from medical.i18n.catalogue import Translator
from medical.i18n.messages import Message, message
from medical.nodule.density_kinds import AGREED_PERCENT, NODULES
from medical.nodule.guidelines.assessment import Demographics, Examination
from medical.nodule.guidelines.engine import UNCLASSIFIED, ExaminationCategory, Guidance, Ruling
from medical.nodule.guidelines.rules import Fired, NotApplicable, RuleResult, needs
from medical.report.content import ReportContent
from medical.review.terms import (
    CALCIFICATIONS,
    DENSITIES,
    EXAMINATION_KINDS,
    HISTORIES,
    RISKS,
    SEXES,
)

RULES: frozenset[Message] = frozenset(
    {
        message("no lung nodules"),
        message("nodule with benign calcification or fat"),
        message("juxtapleural nodule < 10 mm, solid, smooth, oval, lentiform or triangular"),
        message("solid < 6 mm at baseline"),
        message("solid, new, < 4 mm"),
        message("solid ≥ 6 to < 8 mm at baseline"),
        message("solid, new, 4 to < 6 mm"),
        message("solid ≥ 8 to < 15 mm at baseline"),
        message("solid, growing, < 8 mm"),
        message("solid, new, 6 to < 8 mm"),
        message("solid ≥ 15 mm at baseline"),
        message("solid, new or growing, ≥ 8 mm"),
        message("solid, slow growth over several screening examinations"),
        message("part-solid < 6 mm in total at baseline"),
        message("part-solid ≥ 6 mm in total, solid component < 6 mm, at baseline"),
        message("part-solid, new, < 6 mm in total"),
        message("part-solid ≥ 6 mm in total, solid component ≥ 6 to < 8 mm, at baseline"),
        message("part-solid, new solid component < 4 mm"),
        message("part-solid, new or growing solid component < 4 mm"),
        message("part-solid, solid component ≥ 8 mm at baseline"),
        message("part-solid, new or growing solid component ≥ 4 mm"),
        message("part-solid, slow growth over several screening examinations"),
        message("non-solid < 30 mm at baseline, new or growing"),
        message("non-solid, stable or slowly growing"),
        message("non-solid ≥ 30 mm at baseline or new"),
        message("non-solid, grown to ≥ 30 mm (note on size thresholds)"),
        message("category 1, unchanged"),
        message("category 2, unchanged"),
        message("category 3 lesion, stable or decreased at 6-month follow-up"),
        message("category 4A lesion, stable or decreased at 3-month follow-up"),
        message("no routine follow-up"),
        message("optional CT at 12 months"),
        message("CT at 6-12 months, then consider CT at 18-24 months"),
        message("CT at 6-12 months, then CT at 18-24 months"),
        message("consider CT at 3 months, PET/CT or tissue sampling"),
        message("CT at 3-6 months, then consider CT at 18-24 months"),
        message("CT at 3-6 months, then CT at 18-24 months"),
        message("CT at 6-12 months to confirm persistence, then CT every 2 years until 5 years"),
        message(
            "CT at 3-6 months to confirm persistence; if unchanged and the solid component "
            "stays < 6 mm, annual CT for 5 years"
        ),
        message("CT at 3-6 months; if stable, consider CT at 2 and 4 years"),
        message("CT at 3-6 months, then by the most suspicious nodule"),
    }
)
MISSING: frozenset[Message] = frozenset(
    {
        message("age"),
        message("density"),
        message("diameter"),
        message("size"),
        message("diameter of the solid component"),
        message("pattern of calcification"),
        message("prior category"),
        message("result of the diagnostic work-up"),
        message("new, growing or stable"),
        message("new, growing or stable solid component"),
        message("days between the two CTs"),
        message("growth within 12 months"),
        message("risk of lung cancer (low or high)"),
    }
)
REASONS: frozenset[Message] = frozenset(
    {
        message("not applicable: findings are not decided"),
        message("no category: a nodule cannot be classified"),
        message("not applicable: not a screening examination"),
        message("not applicable: the guideline does not cover calcified nodules"),
        message(
            "not applicable: the guideline does not cover lung cancer screening (use Lung-RADS)"
        ),
        message("not applicable: the guideline does not cover patients with known cancer"),
        message("not applicable: the guideline does not cover immunosuppressed patients"),
        message("not applicable: the guideline does not cover patients younger than 35 years"),
    }
)
_NUMBERS = {"single": message("single"), "multiple": message("multiple")}
_FLEISCHNER = re.compile(r"(single|multiple) (\S+) ([<>≥]? ?[\d-]+ mm)(?:, (low|high) risk)?")


def result_text(result: RuleResult, labels: Translator) -> str:
    """``4A (solid ≥ 8 to < 15 mm at baseline)``, or why there is no category.

    Raises:
        ValueError: no table has such words.
    """
    if not isinstance(result, Fired):
        return reason_text(result, labels)
    category = category_text(result.category, labels)
    return labels("{text} ({note})", text=category, note=_rule_text(result.rule, labels))


def category_text(category: str, labels: Translator) -> str:
    """Say a Lung-RADS category as it is, an advice in the language."""
    return labels.translate(category)


def reason_text(result: NotApplicable, labels: Translator) -> str:
    """Say why a guideline does not speak."""
    if result == needs(*result.missing):
        missing = missing_text(result.missing, labels)
        return labels("not applicable: {missing} not known", missing=missing)
    return labels.translate(result.reason)


def missing_text(missing: tuple[str, ...], labels: Translator) -> str:
    """Name what would have to be known."""
    return labels(", ").join(labels.translate(name) for name in missing)


def _rule_text(rule: str, labels: Translator) -> str:
    if rule in RULES:
        return labels.translate(rule)
    match = _FLEISCHNER.fullmatch(rule)
    if match is None:
        raise ValueError(f"no table of the guidelines has the row '{rule}'")
    number, density, size, risk = match.groups()
    nodule = {
        "number": labels.among(_NUMBERS, number),
        "density": labels.among(DENSITIES, density),
        "size": size,
    }
    if risk is None:
        return labels("{number} {density} {size}", **nodule)
    return labels(
        "{number} {density} {size}, {risk} risk", **nodule, risk=labels.among(RISKS, risk)
    )


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


def examination_line(
    category: ExaminationCategory, examination: Examination, labels: Translator
) -> str:
    """Lung-RADS of the examination, or why it has none: every nodule that stands in the way."""
    result = category.result
    if isinstance(result, Fired):
        parts = {
            "kind": labels.among(EXAMINATION_KINDS, examination.kind),
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
        others = labels(" or ").join(category_text(category, labels) for category in ruling.others)
        text = labels("{result}, but {others} cannot be excluded", result=text, others=others)
    return text


def entered_line(examination: Examination, header: Demographics, labels: Translator) -> str:
    """List examination, age, sex and risk, each with where it comes from."""
    age = examination.age_years if examination.age_years is not None else header.age_years
    sex = examination.sex or header.sex
    shown_age = _sourced(None if age is None else f"{age:g}", examination.age_years, labels)
    shown_sex = _sourced(None if sex is None else labels.among(SEXES, sex), examination.sex, labels)
    parts = [
        labels("Examination: {kind}.", kind=labels.among(EXAMINATION_KINDS, examination.kind)),
        labels("Age: {value}.", value=shown_age),
        labels("Sex: {value}.", value=shown_sex),
        labels("Risk of lung cancer: {risk}.", risk=labels.among(RISKS, examination.risk)),
    ]
    if examination.known_cancer:
        parts.append(labels("Known cancer."))
    if examination.immunosuppressed:
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
    finding = next(assessed for assessed in content.findings if assessed.number == row.finding_id)
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
