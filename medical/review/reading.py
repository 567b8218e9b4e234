"""A study as a reader sees it: its findings, what was decided on each, by whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from medical.detection.findings import AddedFinding, Finding
from medical.nodule.density_kinds import Density
from medical.nodule.guidelines.assessment import Assessment, Examination
from medical.store.database import Store
from medical.store.series import KeptSeries, series_of
from medical.store.tables import Decision, StoredFinding, Study, Verdict


@dataclass(frozen=True, slots=True)
class ReadFinding:
    """One finding with its decisions, oldest first.

    Args:
        id: its row, for ``decide``.
        number: in its series, as shown.
        version: for ``decide``'s ``seen_version``.
    """

    id: int
    series_uid: str
    number: int
    version: int
    measured: Finding | AddedFinding
    decisions: tuple[Decision, ...]

    @property
    def latest(self) -> Decision | None:
        """The decision that holds now."""
        return self.decisions[-1] if self.decisions else None

    @property
    def verdict(self) -> Verdict:
        """Of the decision that holds now."""
        return self.latest.verdict if self.latest else "open"

    @property
    def origin(self) -> Literal["model", "reader"]:
        """Who found it."""
        return "model" if isinstance(self.measured, Finding) else "reader"

    @property
    def diameter_by_reader_mm(self) -> float | None:
        """The reader's own measure."""
        return self.latest.diameter_mm if self.latest else None

    @property
    def diameter_mm(self) -> float | None:
        """The reader's measure where there is one, else the model's; ``None`` without either."""
        by_reader = self.diameter_by_reader_mm
        return self.measured.diameter_mm if by_reader is None else by_reader

    @property
    def assessment(self) -> Assessment:
        """What the reader entered beside, by the decision that holds."""
        return Assessment.from_json(self.latest.assessment or "") if self.latest else Assessment()

    @property
    def density(self) -> Density | None:
        """The reader's where there is one, else the model's; ``None`` without either."""
        return self.assessment.density or self.measured.density

    @property
    def location(self) -> str:
        """The reader's where there is one, else the model's; a message in English."""
        return self.assessment.location or self.measured.location


@dataclass(frozen=True, slots=True)
class StudyReading:
    """A study, its findings by series and number, and what was said of each series."""

    study: Study
    findings: tuple[ReadFinding, ...]
    series: tuple[KeptSeries, ...] = ()

    def of_series(self, series_uid: str) -> list[ReadFinding]:
        """Return the findings of one series."""
        return [finding for finding in self.findings if finding.series_uid == series_uid]

    @property
    def examination(self) -> Examination:
        """What readers entered about the examination."""
        return Examination.from_json(self.study.examination or "")


def read_study(store: Store, key: str) -> StudyReading:
    """Everything about one study.

    Raises:
        KeyError: there is no such study.
    """
    with store.reading() as session:
        study = session.scalars(select(Study).where(Study.key == key)).first()
        if study is None:
            raise KeyError(key)
        rows = list(
            session.scalars(
                select(StoredFinding)
                .where(StoredFinding.study_id == study.id)
                .order_by(StoredFinding.series_uid, StoredFinding.number)
            )
        )
        decided = session.scalars(
            select(Decision)
            .where(Decision.finding_id.in_([row.id for row in rows]))
            .order_by(Decision.finding_id, Decision.version)
        )
        by_finding: dict[int, list[Decision]] = {}
        for decision in decided:
            by_finding.setdefault(decision.finding_id, []).append(decision)
        series = series_of(session, study)
    findings = tuple(_read(row, by_finding.get(row.id, [])) for row in rows)
    return StudyReading(study, findings, series)


def study_version(store: Store, key: str) -> int:
    """How often readers have changed a study; cheap, to see whether a page is still right."""
    with store.reading() as session:
        return session.scalars(select(Study.version).where(Study.key == key)).one()


def _read(row: StoredFinding, decisions: list[Decision]) -> ReadFinding:
    kind: type[Finding] | type[AddedFinding] = Finding if row.origin == "model" else AddedFinding
    measured = kind.model_validate_json(row.measured)
    return ReadFinding(row.id, row.series_uid, row.number, row.version, measured, tuple(decisions))
