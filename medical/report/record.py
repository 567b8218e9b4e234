"""The report for other programs, typed: ``starlung.report/1``, with every decision."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from medical.ct.volume import QualityNote
from medical.detection.findings import (
    AddedFinding,
    Finding,
    ModelReference,
    Program,
    RatingModel,
    Searched,
)
from medical.i18n.catalogue import Translator
from medical.i18n.moments import Moment
from medical.nodule.density_kinds import Density
from medical.nodule.guidelines.assessment import Assessment, Demographics, Examination
from medical.nodule.guidelines.rules import Fired, RuleResult
from medical.program import program_version
from medical.report.content import ReportContent
from medical.report.earlier.record import ChangeRecord, change_record
from medical.report.guidelines import examination_line, ruling_text
from medical.results.typed_context import TypedContext
from medical.review.reading import ReadFinding
from medical.store.tables import Status, Verdict

Source = Literal["model", "reader"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReportDecision(_Record):
    """What a reader decided on a finding."""

    verdict: Verdict
    reason: str = Field(description="of a rejection; empty otherwise")
    comment: str
    diameter_mm: float | None = Field(description="the reader's own measure")
    assessment: Assessment
    reader: str
    at: str = Field(description="date and time, UTC")


class ReportFinding(_Record):
    """One finding of the series, with its decisions from the first to the latest."""

    number: int = Field(ge=1)
    origin: Source
    measured: Finding | AddedFinding
    decision: Verdict = Field(description="that holds")
    diameter_mm: float | None = Field(description="the reader's, else the model's")
    diameter_by: Source | None
    volume_by: Source | None
    density: Density | None = Field(description="the reader's, else the model's")
    density_by: Source | None
    decisions: list[ReportDecision]


class NoduleGuidelines(_Record):
    """What the guidelines say of one nodule, in English."""

    finding: int
    lung_rads: str
    lung_rads_category: str | None = Field(
        default=None, description="such as 4A; null where there is none, and in earlier reports"
    )
    fleischner: str
    density_by: Source


class ReportExamination(_Record):
    """What was entered, what the header says, and what the guidelines make of it."""

    entered: Examination
    header: Demographics
    lung_rads: str = Field(description="of the examination, in English")
    lung_rads_category: str | None = Field(
        default=None, description="such as 4A; null where there is none, and in earlier reports"
    )
    nodules: list[NoduleGuidelines]
    density_validated_on_real_nodules: Literal[False] = False


class ReportRecord(_Record):
    """The report of one series of a study. Research use only."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["starlung.report/1"] = Field("starlung.report/1", alias="schema")
    research_use_only: Literal[True] = True
    program: Program | None = Field(default=None, description="that wrote this report")
    scored_by_program: Program | None = Field(
        default=None, description="that scored the series; null where its result does not say"
    )
    study: str = Field(description="pseudonym")
    study_instance_uid: str | None
    series_instance_uid: str
    frame_of_reference_uid: str | None
    model: ModelReference
    malignancy_model: RatingModel | None = Field(
        default=None, description="which rated the findings' malignancy, and what taught it"
    )
    operating_point: float = Field(ge=0, le=1)
    negative: bool
    searched: Searched | None
    quality: list[QualityNote]
    status: Status
    signed_by: str | None
    signed_at: str | None = Field(description="date and time, UTC")
    examination: ReportExamination
    findings: list[ReportFinding]
    typed_context: TypedContext | None = Field(
        default=None,
        description="clinical context that a reader typed, and the ratings with it; the measured "
        "findings stay as they were scored",
    )
    change: ChangeRecord | None = Field(description="since an earlier CT that was compared")


def report_record(content: ReportContent) -> ReportRecord:
    """Return everything that the report says, for other programs."""
    study, scored = content.study, content.scored
    return ReportRecord(
        schema="starlung.report/1",
        program=Program(version=program_version()),
        scored_by_program=scored.program,
        study=study.label,
        study_instance_uid=scored.study_instance_uid,
        series_instance_uid=scored.series_instance_uid,
        frame_of_reference_uid=scored.frame_of_reference_uid,
        model=scored.model,
        malignancy_model=scored.malignancy_model,
        operating_point=scored.operating_point,
        negative=scored.negative,
        searched=scored.searched,
        quality=scored.quality,
        status=study.status,
        signed_by=study.signed_by or None,
        signed_at=Moment.of(study.signed_at) if study.signed_at is not None else None,
        examination=_examination(content),
        findings=[_finding(finding) for finding in content.findings],
        typed_context=content.typed,
        change=change_record(content.change) if content.change else None,
    )


def report_json(content: ReportContent) -> str:
    """Write `report_record` as JSON; ends with a line break."""
    return report_record(content).model_dump_json(by_alias=True, indent=2) + "\n"


def source_of(by_model: object, by_reader: object) -> Source | None:
    """Tell whose value stands: a reader's before the model's; ``None`` where neither gave one."""
    if by_reader is not None:
        return "reader"
    return None if by_model is None else "model"


def _examination(content: ReportContent) -> ReportExamination:
    labels, guidelines = Translator("en"), content.guidelines
    return ReportExamination(
        entered=content.examination,
        header=content.header,
        lung_rads=examination_line(guidelines.examination, content.examination, labels),
        lung_rads_category=_category(guidelines.examination.result),
        nodules=[
            NoduleGuidelines(
                finding=row.finding_id,
                lung_rads=ruling_text(row.lung_rads, labels),
                lung_rads_category=_category(row.lung_rads.result),
                fleischner=ruling_text(row.fleischner, labels),
                density_by=row.density_by,
            )
            for row in guidelines.rows
        ],
    )


def _category(result: RuleResult) -> str | None:
    return result.category if isinstance(result, Fired) else None


def _finding(finding: ReadFinding) -> ReportFinding:
    measured, assessment = finding.measured, finding.assessment
    return ReportFinding(
        number=finding.number,
        origin=finding.origin,
        measured=measured,
        decision=finding.verdict,
        diameter_mm=finding.diameter_mm,
        diameter_by=source_of(measured.diameter_mm, finding.diameter_by_reader_mm),
        volume_by=source_of(measured.volume_mm3, None),
        density=finding.density,
        density_by=source_of(measured.density, assessment.density),
        decisions=[
            ReportDecision(
                verdict=decision.verdict,
                reason=decision.reason,
                comment=decision.comment,
                diameter_mm=decision.diameter_mm,
                assessment=Assessment.from_json(decision.assessment or ""),
                reader=decision.actor,
                at=Moment.of(decision.at),
            )
            for decision in finding.decisions
        ],
    )
