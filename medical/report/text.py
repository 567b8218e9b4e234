"""The report as plain text in radiology's usual order: technique, findings, impression."""

from __future__ import annotations

from dataclasses import dataclass

from medical.detection.findings import Finding
from medical.detection.searched import is_partly_searched
from medical.nodule.fleischner import Patient
from medical.nodule.guidelines import guidance
from medical.nodule.rules import Fired
from medical.plain_text import one_line
from medical.report.change_text import change_lines, change_title, comparison_line
from medical.report.content import ReportContent
from medical.report.labels import Labels
from medical.store.reading import ReadFinding
from medical.store.refusals import moment


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and its lines; a text from outside cannot break one into two."""

    title: str
    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", one_line(self.title))
        object.__setattr__(self, "lines", tuple(map(one_line, self.lines)))


def report_sections(content: ReportContent, labels: Labels) -> list[Section]:
    """The report's sections, in order."""
    scored = content.scored
    method = labels(
        "method",
        model=scored.model.name,
        version=scored.model.version,
        point=scored.operating_point,
        passes=scored.passes,
    )
    study = labels("study", label=content.study.label, series=scored.series_instance_uid)
    quality = tuple(note.message for note in scored.quality) or (labels("no_quality"),)
    found = tuple(_finding(one, labels) for one in content.reported)
    change = content.change
    comparison = (
        comparison_line(change.earlier, labels) if change is not None else labels("no_comparison")
    )
    sections = [
        Section(labels("examination"), (study,)),
        Section(labels("technique"), (method,)),
        Section(labels("comparison"), (comparison,)),
        Section(labels("quality"), quality),
        Section(labels("findings"), found or (labels("no_findings"),)),
    ]
    if change is not None:
        title = change_title(change.earlier, labels)
        sections.append(Section(title, change_lines(change, labels)))
    if content.rejected:
        said = tuple(_rejected(one, labels) for one in content.rejected)
        sections.append(Section(labels("rejected"), said))
    return [*sections, Section(labels("impression"), _impression(content, labels))]


def report_text(content: ReportContent, labels: Labels) -> str:
    """The whole report; ends with a line break."""
    parts = [labels("title"), labels("research"), one_line(signature(content, labels))]
    for section in report_sections(content, labels):
        parts += ["", section.title, *section.lines]
    parts += ["", labels("intervals")]
    return "\n".join(parts) + "\n"


def signature(content: ReportContent, labels: Labels) -> str:
    """Who signed and when, or that nobody has."""
    study = content.study
    if study.status != "signed" or study.signed_at is None:
        return labels("draft")
    return labels("signed", name=study.signed_by, at=moment(study.signed_at))


def _finding(one: ReadFinding, labels: Labels) -> str:
    measured, latest = one.measured, one.latest
    x, y, z = measured.center_lps_mm
    low, high = measured.volume_ci95
    parts = [
        labels(
            "finding",
            number=one.number,
            location=labels.location(measured.location),
            slice=measured.slice_number,
            x=x,
            y=y,
            z=z,
            density=labels(measured.density),
            diameter=_diameter(one, labels),
            volume=measured.volume_mm3,
            v_low=low,
            v_high=high,
        )
    ]
    if isinstance(measured, Finding):
        p_low, p_high = measured.probability_ci95
        parts.append(labels("probability", p=measured.probability, low=p_low, high=p_high))
    else:
        parts.append(labels("added", name=one.decisions[0].actor))
    if latest is None or latest.verdict == "open":
        parts.append(labels("undecided"))
    else:
        parts.append(labels("accepted_by", name=latest.actor, at=moment(latest.at)))
    if latest is not None and latest.comment:
        parts.append(labels("comment", text=latest.comment))
    return labels.sentences(parts)


def _diameter(one: ReadFinding, labels: Labels) -> str:
    if one.latest is not None and one.latest.diameter_mm is not None:
        return labels("by_hand", size=one.latest.diameter_mm)
    low, high = one.measured.diameter_ci95
    return labels("by_model", size=one.measured.diameter_mm, low=low, high=high)


def _rejected(one: ReadFinding, labels: Labels) -> str:
    latest = one.decisions[-1]
    said = labels(
        "rejected_one",
        number=one.number,
        slice=one.measured.slice_number,
        reason=latest.reason,
        name=latest.actor,
        at=moment(latest.at),
    )
    return f"{said} {labels('comment', text=latest.comment)}" if latest.comment else said


@dataclass(frozen=True, slots=True)
class _Sized:
    """A nodule as the guidelines ask for it, with the reader's measure where there is one."""

    id: int
    density: str
    diameter_mm: float


def _lung_rads(accepted: list[ReadFinding], labels: Labels) -> str:
    """The highest category among the confirmed nodules: that one is the examination's."""
    sized = [_Sized(one.number, one.measured.density, one.diameter_mm) for one in accepted]
    said = guidance(sized, Patient())  # type: ignore[arg-type]
    fired = [(one.lung_rads, one.finding_id) for one in said if isinstance(one.lung_rads, Fired)]
    if not fired:
        reasons = [one.lung_rads.reason for one in said if not isinstance(one.lung_rads, Fired)]
        return labels("lung_rads_not", said=reasons[0])
    rule, number = max(fired, key=lambda one: one[0].category)
    return labels("lung_rads", said=f"{rule.category} ({rule.rule})", number=number)


def _impression(content: ReportContent, labels: Labels) -> tuple[str, ...]:
    lines = []
    if content.accepted:
        largest = max(content.accepted, key=lambda one: one.diameter_mm)
        lines.append(
            labels(
                "impression_some",
                count=len(content.accepted),
                number=largest.number,
                size=largest.diameter_mm,
                location=labels.location(largest.measured.location),
            )
        )
        lines.append(_lung_rads(content.accepted, labels))
    else:
        lines.append(labels("impression_none"))
    if is_partly_searched(content.scored) and content.scored.searched is not None:
        shares = content.scored.searched
        left, right = (
            labels("not_known") if share is None else f"{share:.0%}"
            for share in (shares.left, shares.right)
        )
        lines.append(labels("searched_in_part", left=left, right=right))
    if content.undecided:
        lines.append(labels("open_left", count=len(content.undecided)))
    return tuple(lines)
