"""Which patients are held out: decided by the patient alone, so the same in every later run."""

from __future__ import annotations

from collections.abc import Sequence

from medical.training.malignancy.outcomes.known import KnownFinding

HELD_OUT = 0.4
"""Share of the patients: the gate needs more of few patients than training does."""


def split_by_patient(
    findings: Sequence[KnownFinding],
) -> tuple[list[KnownFinding], list[KnownFinding]]:
    """Return what is trained on and what is held out; no patient is in both.

    The pseudonym is a digest, so its head is a draw that later runs repeat.
    """

    def held(patient: str) -> bool:
        return int(patient[:8], 16) < HELD_OUT * 16**8

    taught = [finding for finding in findings if not held(finding.patient)]
    return taught, [finding for finding in findings if held(finding.patient)]
