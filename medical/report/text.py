"""The report as plain text in radiology's usual order: technique, findings, impression."""

from __future__ import annotations

from dataclasses import dataclass

from medical.detection.findings import Finding
from medical.detection.searched_lungs import is_partly_searched
from medical.i18n.catalogue import Translator
from medical.i18n.moments import Moment
from medical.plain_text import one_line
from medical.program import program_version
from medical.report.content import DetectionLimits, ReportContent
from medical.report.earlier.text import change_lines, change_title, comparison_line
from medical.report.guidelines import examination_line, guideline_lines
from medical.report.malignancy import rating_lines, rating_note
from medical.report.who import identity_lines
from medical.review.interval_text import interval_text, probability_interval_text, probability_text
from medical.review.reading import ReadFinding
from medical.review.terms import (
    DENSITIES,
    rejection_reason,
)


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and its lines; a text from outside cannot break one into two."""

    title: str
    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", one_line(self.title))
        object.__setattr__(self, "lines", tuple(map(one_line, self.lines)))


def report_sections(content: ReportContent, labels: Translator) -> list[Section]:
    """List the report's sections, in order."""
    scored = content.scored
    programs = labels(
        "Scored by StarLung {scored}; reported by StarLung {reported}.",
        scored=scored.program.version if scored.program else labels("(version not recorded)"),
        reported=program_version(),
    )
    technique = (_method(content, labels), programs, *rating_note(scored, labels, content.typed))
    study = labels(
        "Study {label}, series {series}",
        label=content.study.label,
        series=scored.series_instance_uid,
    )
    who = identity_lines(content.identity, labels) if content.identity is not None else ()
    notes = tuple(labels.translate(note.message) for note in scored.quality)
    quality = notes or (labels("Nothing to note."),)
    finding_lines = tuple(_finding(finding, content, labels) for finding in content.reported)
    finding_lines += tuple(_unmeasured(finding, labels) for finding in content.unmeasured)
    change = content.change
    comparison = (
        comparison_line(change.earlier, labels) if change is not None else labels("None given.")
    )
    sections = [
        Section(labels("EXAMINATION"), (*who, study)),
        Section(labels("TECHNIQUE"), technique),
        Section(labels("COMPARISON"), (comparison,)),
        Section(labels("IMAGE QUALITY"), quality),
        Section(labels("FINDINGS"), finding_lines or (labels("No nodule was accepted."),)),
    ]
    if change is not None:
        title = change_title(change.earlier, labels)
        sections.append(Section(title, change_lines(change, labels)))
    if content.rejected:
        lines = tuple(_rejected(finding, labels) for finding in content.rejected)
        sections.append(Section(labels("NOT CONFIRMED"), lines))
    sections.append(Section(labels("GUIDELINES"), guideline_lines(content, labels)))
    return [*sections, Section(labels("IMPRESSION"), _impression(content, labels))]


def _method(content: ReportContent, labels: Translator) -> str:
    scored = content.scored
    trace = {
        "model": scored.model.name,
        "version": scored.model.version,
        "point": scored.operating_point,
        "samples": labels.plural(
            "{count} Monte-Carlo sample", "{count} Monte-Carlo samples", scored.samples
        ),
    }
    if content.study.status == "signed" or any(finding.decisions for finding in content.findings):
        return labels(
            "Nodules detected by {model} {version} (operating point {point:.3g}, "
            "{samples}) and reviewed by the readers named below.",
            **trace,
        )
    return labels(
        "Nodules detected by {model} {version} (operating point {point:.3g}, "
        "{samples}); no reader has reviewed them.",
        **trace,
    )


def report_text(content: ReportContent, labels: Translator) -> str:
    """Write the whole report; ends with a line break."""
    parts = [
        labels("Chest CT: lung nodules"),
        labels("Research use only – not for diagnosis or treatment"),
        one_line(signature(content, labels)),
    ]
    for section in report_sections(content, labels):
        parts += ["", section.title, *section.lines]
    parts += ["", labels("Values in brackets are 95 % intervals.")]
    return "\n".join(parts) + "\n"


def signature(content: ReportContent, labels: Translator) -> str:
    """Who signed and when, or that nobody has."""
    study = content.study
    if study.status != "signed" or study.signed_at is None:
        return labels("DRAFT – not signed")
    return labels("Signed by {name}, {at}", name=study.signed_by, at=Moment.of(study.signed_at))


def _finding(finding: ReadFinding, content: ReportContent, labels: Translator) -> str:
    measured, latest = finding.measured, finding.latest
    x, y, z = measured.center_lps_mm
    density = labels.among(DENSITIES, finding.density) if finding.density else ""
    if finding.assessment.density is not None:
        density = labels("{density} (by the reader)", density=density)
    parts = [
        labels(
            "{number}. {location}, slice {slice}, LPS {x:.1f}, {y:.1f}, {z:.1f} "
            "mm: {density} nodule, {diameter}{volume}.",
            number=finding.number,
            location=labels.translate(finding.location),
            slice=measured.slice_number,
            x=x,
            y=y,
            z=z,
            density=density,
            diameter=_diameter(finding, labels),
            volume=_volume(finding, labels),
        )
    ]
    if isinstance(measured, Finding):
        p, interval = measured.probability, measured.probability_ci95
        shown = probability_interval_text(*interval)
        parts.append(
            labels(
                "Probability of a nodule {p} ({interval}).", p=probability_text(p), interval=shown
            )
        )
        parts += rating_lines(measured, content.typed, labels)
    else:
        parts.append(labels("Added by {name}.", name=finding.decisions[0].actor))
    if latest is None or latest.verdict == "open":
        parts.append(labels("Not decided yet."))
    else:
        parts.append(
            labels("Accepted by {name}, {at}.", name=latest.actor, at=Moment.of(latest.at))
        )
    if latest is not None and latest.comment:
        parts.append(labels("Comment: {text}", text=latest.comment))
    return labels.sentences(parts)


def _unmeasured(finding: ReadFinding, labels: Translator) -> str:
    """Where it lies and who says so, without any size."""
    latest, (x, y, z) = finding.decisions[-1], finding.measured.center_lps_mm
    location, number = labels.translate(finding.location), finding.number
    slice_number = finding.measured.slice_number
    place = labels(
        "{number}. {location}, slice {slice}, LPS {x:.1f}, {y:.1f}, {z:.1f} mm: "
        "nodule not measured, no size or density.",
        number=number,
        location=location,
        slice=slice_number,
        x=x,
        y=y,
        z=z,
    )
    parts = [place, labels("Accepted by {name}, {at}.", name=latest.actor, at=Moment.of(latest.at))]
    if latest.comment:
        parts.append(labels("Comment: {text}", text=latest.comment))
    return labels.sentences(parts)


def _diameter(finding: ReadFinding, labels: Translator) -> str:
    if finding.diameter_by_reader_mm is not None or finding.measured.diameter_ci95 is None:
        return labels("diameter {size:.1f} mm (measured by the reader)", size=finding.diameter_mm)
    return labels(
        "diameter {size:.1f} mm ({interval})",
        size=finding.measured.diameter_mm,
        interval=interval_text(*finding.measured.diameter_ci95, ".1f"),
    )


def _volume(finding: ReadFinding, labels: Translator) -> str:
    """Word the model's volume, marked as the model's beside a reader's diameter."""
    volume, interval = finding.measured.volume_mm3, finding.measured.volume_ci95
    if volume is None or interval is None:
        return ""
    size = {"volume": volume, "interval": interval_text(*interval, ".0f")}
    if finding.diameter_by_reader_mm is None:
        return labels(", volume {volume:.0f} mm³ ({interval})", **size)
    return labels(
        ", volume from the model's outline, not from this diameter: {volume:.0f} mm³ ({interval})",
        **size,
    )


def _rejected(finding: ReadFinding, labels: Translator) -> str:
    latest = finding.decisions[-1]
    sentence = labels(
        "Finding {number}, slice {slice}: {reason} ({name}, {at}).",
        number=finding.number,
        slice=finding.measured.slice_number,
        reason=rejection_reason(latest.reason, labels),
        name=latest.actor,
        at=Moment.of(latest.at),
    )
    comment = labels("Comment: {text}", text=latest.comment) if latest.comment else ""
    return f"{sentence} {comment}".rstrip()


def _impression(content: ReportContent, labels: Translator) -> tuple[str, ...]:
    lines = []
    if content.accepted:
        largest = max(content.accepted, key=lambda finding: finding.diameter_mm or 0.0)
        lines.append(
            labels(
                "Nodules confirmed: {count}. Largest: finding {number}, {size:.1f} mm, {location}.",
                count=len(content.accepted),
                number=largest.number,
                size=largest.diameter_mm,
                location=labels.translate(largest.location),
            )
        )
    elif not content.unmeasured:
        lines += [labels("No nodule confirmed."), *limit_lines(content.limits, labels)]
    shares = content.scored.searched
    if shares is None:
        lines.append(
            labels(
                "Scored by version 0.5 or earlier: which share of each lung was "
                "searched is not known."
            )
        )
    elif is_partly_searched(content.scored):
        left, right = (
            labels("an unknown share") if share is None else f"{share:.0%}"
            for share in (shares.left, shares.right)
        )
        lines.append(
            labels(
                "Not negative: {left} of the left lung and {right} of the right lung "
                "were searched.",
                left=left,
                right=right,
            )
        )
    lines.append(examination_line(content.guidelines.examination, content.examination, labels))
    if content.unmeasured:
        numbers = ", ".join(str(finding.number) for finding in content.unmeasured)
        lines.append(labels("Accepted as nodules, but not measured: {numbers}.", numbers=numbers))
    if content.undecided:
        lines.append(
            labels.plural(
                "{count} finding is undecided; this report is incomplete.",
                "{count} findings are undecided; this report is incomplete.",
                len(content.undecided),
            )
        )
    return tuple(lines)


def limit_lines(limits: DetectionLimits, labels: Translator) -> tuple[str, ...]:
    """Say what a reading without nodules does not rule out, and how that is known."""
    lines = [
        labels("This does not rule out a nodule."),
        labels("Nodules smaller than {least:g} mm are rarely detected.", least=limits.least_mm),
    ]
    if limits.sensitivity is None:
        return (
            *lines,
            labels("The sensitivity of this model at its operating point is not known here."),
        )
    sentence = labels(
        "At its operating point the model found {share} ({interval}) of "
        "{nodules} of that size or larger, inserted into {scans} (source: model "
        "card of {source}); expect less on real nodules or another scanner.",
        share=f"{limits.sensitivity:.0%}",
        interval=interval_text(*limits.sensitivity_ci95, ".0%"),
        nodules=labels.plural("{count} nodule", "{count} nodules", limits.nodules),
        scans=labels.plural("{count} held-out scan", "{count} held-out scans", limits.scans),
        source=limits.source,
    )
    return (*lines, sentence)
