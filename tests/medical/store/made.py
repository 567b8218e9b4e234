"""Findings of a series that was never scanned, for tests of the store."""

from __future__ import annotations

from medical.detection.findings import (
    AddedFinding,
    Finding,
    ModelReference,
    Seconds,
    SeriesFindings,
)


def made_series(*probabilities: float, uid: str = "1.2.3") -> SeriesFindings:
    """One finding for each probability."""
    return SeriesFindings(
        study_instance_uid="1.2",
        series_instance_uid=uid,
        frame_of_reference_uid=None,
        model=ModelReference(name="made-up", version="0", sha256="0" * 64),
        operating_point=0.2,
        samples=32,
        quality=[],
        findings=[_finding(n, p) for n, p in enumerate(probabilities, start=1)],
        negative=not probabilities,
        seconds=Seconds(read=1, prepare=1, detect=1, refine=1, measure=1, write=1),
    )


def made_added() -> AddedFinding:
    """What a reader added."""
    return AddedFinding.measured(_finding(1, 0.5), outlined=True)


def _finding(number: int, probability: float) -> Finding:
    return Finding(
        id=number,
        probability=probability,
        probability_ci95=(probability / 2, (1 + probability) / 2),
        center_lps_mm=(-60.0 + 10 * number, 10.0, -100.0),
        slice_number=40 + number,
        sop_instance_uid=None,
        long_axis_mm=9.0,
        short_axis_mm=7.0,
        diameter_mm=8.0,
        diameter_ci95=(7.0, 9.2),
        volume_mm3=268.0,
        volume_ci95=(190.0, 360.0),
        density="solid",
        mean_hu=30.0,
        location="left upper zone",
    )
