"""The guidelines as lines of the report."""

from __future__ import annotations

from medical.nodule.density_kinds import AGREED_PERCENT, NODULES
from medical.nodule.guidelines.assessment import Demographics, Examination
from medical.nodule.guidelines.engine import UNCLASSIFIED, ExaminationCategory, Guidance, Ruling
from medical.nodule.guidelines.rules import Fired
from medical.report.content import ReportContent
from medical.report.words.labels import Labels


def guideline_lines(content: ReportContent, labels: Labels) -> tuple[str, ...]:
    """List what was entered, then a line for each nodule; nothing without nodules."""
    guidelines = content.guidelines
    if not guidelines.rows:
        return (entered_line(content.examination, content.header, labels),)
    lines = [entered_line(content.examination, content.header, labels)]
    lines += [_row(row, content, labels) for row in guidelines.rows]
    if any(row.density_by == "model" for row in guidelines.rows):
        lines.append(labels("density_note", agreed=AGREED_PERCENT, nodules=NODULES))
    return tuple(lines)


def examination_line(category: ExaminationCategory, said: Examination, labels: Labels) -> str:
    """Lung-RADS of the examination, or why it has none: every nodule that stands in the way."""
    result = category.result
    if isinstance(result, Fired):
        text = ruling_text(Ruling(result, category.others), labels)
        word = "lung_rads" if category.finding_id is not None else "lung_rads_none"
        return labels(
            word,
            kind=labels(f"kind_{said.kind or 'unknown'}"),
            result=text,
            number=category.finding_id,
        )
    reason = labels.reason(result)
    if result.reason != UNCLASSIFIED:
        return labels("lung_rads_not", reason=reason)
    nodules = labels("list").join(
        labels("unclassified", number=number, missing=labels.missing(why.missing))
        for number, why in category.unclassified
    )
    return labels("lung_rads_open", reason=reason, nodules=nodules)


def ruling_text(ruling: Ruling, labels: Labels) -> str:
    """``2 (row of the table); 3 cannot be excluded``, or why there is no category."""
    text = labels.result(ruling.result)
    if ruling.others:
        others = labels("or").join(labels.category(one) for one in ruling.others)
        text = labels("not_excluded", result=text, others=others)
    return text


def entered_line(said: Examination, header: Demographics, labels: Labels) -> str:
    """List examination, age, sex and risk, each with where it comes from."""
    age = said.age_years if said.age_years is not None else header.age_years
    sex = said.sex or header.sex
    parts = [labels("entered_kind", kind=labels(f"kind_{said.kind or 'unknown'}"))]
    for name, value, by_reader in (
        ("age", None if age is None else f"{age:g}", said.age_years is not None),
        ("sex", None if sex is None else labels(f"sex_{sex}"), said.sex is not None),
    ):
        shown = labels("unknown") if value is None else value
        source = "" if value is None else labels("by_reader" if by_reader else "by_header")
        parts.append(labels(f"entered_{name}", value=shown, source=source))
    parts.append(labels("entered_risk", risk=labels(f"risk_{said.risk or 'unknown'}")))
    if said.known_cancer:
        parts.append(labels("entered_cancer"))
    if said.immunosuppressed:
        parts.append(labels("entered_suppressed"))
    return labels.sentences(parts)


def _row(row: Guidance, content: ReportContent, labels: Labels) -> str:
    finding = next(one for one in content.findings if one.number == row.finding_id)
    entered = finding.assessment
    parts = [
        labels(
            "guideline_row",
            number=row.finding_id,
            lung_rads=ruling_text(row.lung_rads, labels),
            fleischner=ruling_text(row.fleischner, labels),
        )
    ]
    if entered.solid_diameter_mm is not None:
        parts.append(labels("entered_solid", size=entered.solid_diameter_mm))
    if entered.calcification is not None:
        parts.append(labels(f"calcification_{entered.calcification}"))
    if entered.history is not None:
        parts.append(labels("entered_history", history=labels(f"history_{entered.history}")))
    if entered.prior_category is not None:
        parts.append(labels("entered_prior", category=entered.prior_category))
    if not row.decided:
        parts.append(labels("undecided"))
    return labels.sentences(parts)
