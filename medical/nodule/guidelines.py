"""What the guidelines say about findings of one CT: their line of the table, or what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from medical.nodule.fleischner import NodulesDensity, Patient, fleischner
from medical.nodule.lung_rads import ScreenedNodule, lung_rads
from medical.nodule.rules import NotApplicable, RuleResult


class Measured(Protocol):
    """A finding as ``medical.detection.findings.Finding`` has it."""

    @property
    def id(self) -> int: ...  # noqa: D102
    @property
    def density(self) -> NodulesDensity: ...  # noqa: D102
    @property
    def diameter_mm(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Guidance:
    """Both guidelines on one finding.

    Args:
        finding_id: which.
        lung_rads: as if the CT were a first screening examination.
        fleischner: as if the finding were made by chance.
    """

    finding_id: int
    lung_rads: RuleResult
    fleischner: RuleResult


def guidance(findings: Sequence[Measured], patient: Patient) -> list[Guidance]:
    """Apply Lung-RADS v2022 (baseline) and Fleischner 2017 to each finding.

    Args:
        findings: of one CT; the mean of long and short axis counts.
        patient: what is known; ``screening`` takes Fleischner out.
    """
    multiple = len(findings) > 1
    return [
        Guidance(
            one.id,
            _baseline(one),
            fleischner(one.density, patient, multiple=multiple, diameter_mm=one.diameter_mm),
        )
        for one in findings
    ]


def _baseline(finding: Measured) -> RuleResult:
    if finding.density == "calcified":  # the table asks how, and no model here says it
        return NotApplicable(
            "not applicable: pattern of calcification not known", ("pattern of calcification",)
        )
    return lung_rads(ScreenedNodule(density=finding.density, diameter_mm=finding.diameter_mm))
