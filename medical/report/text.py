"""The report as plain text in radiology's usual order: technique, findings, impression."""

from __future__ import annotations

from dataclasses import dataclass

from medical.detection.findings import Finding
from medical.detection.searched import is_partly_searched
from medical.plain_text import one_line
from medical.program import program_version
from medical.report.change.text import change_lines, change_title, comparison_line
from medical.report.content import ReportContent
from medical.report.guideline_text import examination_line, guideline_lines
from medical.report.limits import DetectionLimits
from medical.report.numbers import probability_interval_text, probability_text
from medical.report.words.labels import Labels
from medical.report.words.quality_labels import quality_text
from medical.review.reading import ReadFinding
from medical.review.refusals import moment


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and its lines; a text from outside cannot break one into two."""

    title: str
    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", one_line(self.title))
        object.__setattr__(self, "lines", tuple(map(one_line, self.lines)))


def report_sections(content: ReportContent, labels: Labels) -> list[Section]:
    """List the report's sections, in order."""
    scored = content.scored
    method = labels(
        "method",
        model=scored.model.name,
        version=scored.model.version,
        point=scored.operating_point,
        samples=scored.samples,
    )
    programs = labels(
        "programs",
        scored=scored.program.version if scored.program else labels("version_not_recorded"),
        reported=program_version(),
    )
    study = labels("study", label=content.study.label, series=scored.series_instance_uid)
    notes = tuple(
        quality_text(one.message, chinese=labels.language == "zh") for one in scored.quality
    )
    quality = notes or (labels("no_quality"),)
    found = tuple(_finding(one, labels) for one in content.reported)
    found += tuple(_unmeasured(one, labels) for one in content.unmeasured)
    change = content.change
    comparison = (
        comparison_line(change.earlier, labels) if change is not None else labels("no_comparison")
    )
    sections = [
        Section(labels("examination"), (study,)),
        Section(labels("technique"), (method, programs)),
        Section(labels("comparison"), (comparison,)),
        Section(labels("quality"), quality),
        Section(labels("findings"), found or (labels("no_findings"),)),
    ]
    if change is not None:
        title = change_title(change.earlier, labels)
        sections.append(Section(title, change_lines(change, labels)))
    if content.rejected:
        lines = tuple(_rejected(one, labels) for one in content.rejected)
        sections.append(Section(labels("rejected"), lines))
    sections.append(Section(labels("guidelines"), guideline_lines(content, labels)))
    return [*sections, Section(labels("impression"), _impression(content, labels))]


def report_text(content: ReportContent, labels: Labels) -> str:
    """Write the whole report; ends with a line break."""
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
    density = labels(one.density) if one.density else ""
    if one.assessment.density is not None:
        density = labels("density_by_reader", density=density)
    parts = [
        labels(
            "finding",
            number=one.number,
            location=labels.location(measured.location),
            slice=measured.slice_number,
            x=x,
            y=y,
            z=z,
            density=density,
            diameter=_diameter(one, labels),
            volume=_volume(one, labels),
        )
    ]
    if isinstance(measured, Finding):
        p, interval = measured.probability, measured.probability_ci95
        shown = probability_interval_text(*interval)
        parts.append(labels("probability", p=probability_text(p), interval=shown))
    else:
        parts.append(labels("added", name=one.decisions[0].actor))
    if latest is None or latest.verdict == "open":
        parts.append(labels("undecided"))
    else:
        parts.append(labels("accepted_by", name=latest.actor, at=moment(latest.at)))
    if latest is not None and latest.comment:
        parts.append(labels("comment", text=latest.comment))
    return labels.sentences(parts)


def _unmeasured(one: ReadFinding, labels: Labels) -> str:
    """Where it lies and who says so, without any size."""
    latest, (x, y, z) = one.decisions[-1], one.measured.center_lps_mm
    location, number = labels.location(one.measured.location), one.number
    slice_number = one.measured.slice_number
    place = labels(
        "unmeasured", number=number, location=location, slice=slice_number, x=x, y=y, z=z
    )
    parts = [place, labels("accepted_by", name=latest.actor, at=moment(latest.at))]
    if latest.comment:
        parts.append(labels("comment", text=latest.comment))
    return labels.sentences(parts)


def _diameter(one: ReadFinding, labels: Labels) -> str:
    if one.diameter_by_reader_mm is not None or one.measured.diameter_ci95 is None:
        return labels("by_hand", size=one.diameter_mm)
    low, high = one.measured.diameter_ci95
    return labels("by_model", size=one.measured.diameter_mm, low=low, high=high)


def _volume(one: ReadFinding, labels: Labels) -> str:
    """Word the model's volume, marked as the model's beside a reader's diameter."""
    volume, interval = one.measured.volume_mm3, one.measured.volume_ci95
    if volume is None or interval is None:
        return ""
    word = "volume" if one.diameter_by_reader_mm is None else "volume_by_model"
    return labels(word, volume=volume, low=interval[0], high=interval[1])


def _rejected(one: ReadFinding, labels: Labels) -> str:
    latest = one.decisions[-1]
    said = labels(
        "rejected_one",
        number=one.number,
        slice=one.measured.slice_number,
        reason=labels.rejection(latest.reason),
        name=latest.actor,
        at=moment(latest.at),
    )
    return f"{said} {labels('comment', text=latest.comment)}" if latest.comment else said


def _impression(content: ReportContent, labels: Labels) -> tuple[str, ...]:
    lines = []
    if content.accepted:
        largest = max(content.accepted, key=lambda one: one.diameter_mm or 0.0)
        lines.append(
            labels(
                "impression_some",
                count=len(content.accepted),
                number=largest.number,
                size=largest.diameter_mm,
                location=labels.location(largest.measured.location),
            )
        )
    elif not content.unmeasured:
        lines += [labels("impression_none"), *limit_lines(content.limits, labels)]
    shares = content.scored.searched
    if shares is None:
        lines.append(labels("searched_unknown"))
    elif is_partly_searched(content.scored):
        left, right = (
            labels("not_known") if share is None else f"{share:.0%}"
            for share in (shares.left, shares.right)
        )
        lines.append(labels("searched_in_part", left=left, right=right))
    lines.append(examination_line(content.guidelines.examination, content.examination, labels))
    if content.unmeasured:
        numbers = ", ".join(str(one.number) for one in content.unmeasured)
        lines.append(labels("impression_unmeasured", numbers=numbers))
    if content.undecided:
        lines.append(labels("open_left", count=len(content.undecided)))
    return tuple(lines)


def limit_lines(limits: DetectionLimits, labels: Labels) -> tuple[str, ...]:
    """Say what a reading without nodules does not rule out, and how that is known."""
    lines = [labels("not_ruled_out"), labels("least_size", least=limits.least_mm)]
    if limits.sensitivity is None:
        return (*lines, labels("sensitivity_unknown"))
    low, high = limits.sensitivity_ci95
    known = labels(
        "sensitivity_known",
        share=f"{limits.sensitivity:.0%}",
        low=f"{low:.0%}",
        high=f"{high:.0%}",
        nodules=limits.nodules,
        scans=limits.scans,
        source=limits.source,
    )
    return (*lines, known)
