"""What is said of findings beside the model's measures: Lung-RADS with its rule, a reader's word.

The standard has no terms for Lung-RADS or for a reader's verdict on a program's finding; ours are
of the scheme ``99STARLUNG``. Beside a coded category stands the row of the table in words, or why
there is no category.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import highdicom as hd
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from medical.detection.findings import AddedFinding
from medical.dicom_out.malignancy_rating import SCHEME
from medical.dicom_out.provenance import person_name
from medical.nodule.density_kinds import Density

LUNG_RADS = Code("lung-rads", SCHEME, "Lung-RADS v2022 category")
LUNG_RADS_RULE = Code("lung-rads-rule", SCHEME, "Row of Lung-RADS v2022, or why none applies")
DECISION = Code("decision", SCHEME, "Reader's decision on the finding")
DECISIONS: Mapping[str, Code] = {
    "accepted": Code("accepted", SCHEME, "Accepted by the reader"),
    "rejected": Code("rejected", SCHEME, "Rejected by the reader"),
    "added": Code("added", SCHEME, "Added by the reader"),
}
REASON = Code("reason", SCHEME, "Reader's reason")
DENSITY = Code("density", SCHEME, "Density type of nodule")
DENSITY_BY_READER = Code("density-by-reader", SCHEME, "Density type of nodule by the reader")
DENSITIES: Mapping[Density, Code] = {
    "solid": Code("solid", SCHEME, "Solid nodule"),
    "part-solid": Code("part-solid", SCHEME, "Part-solid nodule"),
    "ground-glass": codes.DCM.GroundGlassOpacity,
    "calcified": codes.SCT.Calcified,
    "cavitary": Code("cavitary", SCHEME, "Nodule with air inside"),
}
Group = Any  # highdicom has no types


@dataclass(frozen=True, slots=True)
class LungRads:
    """A category, or none.

    Args:
        category: such as ``4A``; empty where there is none.
        rule: the row of the table, or why there is no category, in English.
    """

    category: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFinding:
    """A reader's word on one finding.

    Args:
        decision: accepted or rejected, or added where the model had none.
        reader: who decided.
        reason: of a rejection.
        comment: anything else.
        diameter_mm: by the reader; ``None`` where the model's stands.
        density: likewise.
        measured: of a nodule that the reader added.
    """

    decision: Literal["accepted", "rejected", "added"]
    reader: str
    reason: str = ""
    comment: str = ""
    diameter_mm: float | None = None
    density: Density | None = None
    measured: AddedFinding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReading:
    """What a reader has signed of one series.

    Args:
        signed_by: who.
        signed_at: when.
        findings: each of the series' findings, by number.
        lung_rads: of the examination.
    """

    signed_by: str
    signed_at: datetime
    findings: Mapping[int, ReadFinding]
    lung_rads: LungRads

    def accepted(self, number: int) -> bool:
        """Whether a nodule of the model's stands."""
        return self.findings[number].decision == "accepted"


@dataclass(frozen=True, slots=True)
class Assessments:
    """What there is to say beside the measures.

    Args:
        lung_rads: of each finding that is not rejected, by number.
        reading: ``None`` while nobody has signed.
    """

    lung_rads: Mapping[int, LungRads] = field(default_factory=dict)
    reading: SignedReading | None = None

    def of(self, number: int) -> ReadFinding | None:
        """Return a reader's word on a finding; ``None`` while nobody has signed."""
        return self.reading.findings.get(number) if self.reading else None


def evaluations(number: int, assessments: Assessments) -> list[hd.sr.QualitativeEvaluation]:
    """Code a finding's category and a reader's decision."""
    coded = lung_rads_evaluation(assessments.lung_rads.get(number))
    if (read := assessments.of(number)) is None:
        return coded
    coded.append(hd.sr.QualitativeEvaluation(DECISION, DECISIONS[read.decision]))
    if read.density is not None:
        coded.append(hd.sr.QualitativeEvaluation(DENSITY_BY_READER, DENSITIES[read.density]))
    return coded


def lung_rads_evaluation(lung_rads: LungRads | None) -> list[hd.sr.QualitativeEvaluation]:
    """Code a category; nothing where there is none."""
    if lung_rads is None or not lung_rads.category:
        return []
    value = Code(lung_rads.category, SCHEME, f"Lung-RADS {lung_rads.category}")
    return [hd.sr.QualitativeEvaluation(LUNG_RADS, value)]


def add_texts(group: Group, number: int, assessments: Assessments) -> Group:
    """Add to a group what stands in words: the category's rule, a reader's reason and comment."""
    read = assessments.of(number)
    add_text(
        group,
        LUNG_RADS_RULE,
        assessments.lung_rads[number].rule if number in assessments.lung_rads else "",
    )
    if read is not None:
        add_text(group, REASON, read.reason)
        add_text(group, codes.DCM.Comment, read.comment)
        group[0].ContentSequence.append(
            hd.sr.PnameContentItem(
                name=codes.DCM.PersonObserverName,
                value=person_name(read.reader),
                relationship_type=hd.sr.RelationshipTypeValues.HAS_OBS_CONTEXT,
            )
        )
    return group


def add_text(group: Group, name: Code, text: str) -> None:
    """Add one text to a group, unless it is empty."""
    if text.strip():
        item = hd.sr.TextContentItem(
            name=name,
            value=text.strip(),
            relationship_type=hd.sr.RelationshipTypeValues.CONTAINS,
        )
        group[0].ContentSequence.append(item)
