"""The typed content of ``evaluation.json``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

Interval = tuple[float, float]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SizeBin(_Record):
    """Nodules of one size."""

    diameter_from_mm: float
    diameter_to_mm: float | None = Field(description="null: no upper limit")
    nodules: int
    found: int = Field(description="by any mark")
    sensitivity: float | None = Field(description="found / nodules")
    found_at_operating_point: int | None = None


class OperatingPoint(_Record):
    """How the detector behaves at one threshold."""

    threshold: float
    sensitivity: float | None
    false_positives_per_scan: float
    nodule_free_scans: int
    unmarked_nodule_free_scans: int = Field(description="no mark at or above the threshold")
    unmarked_share: float | None
    unmarked_share_ci95: Interval | None = Field(description="Wilson interval")


class ReliabilityBin(_Record):
    """Marks whose probability lies in one range."""

    probability_from: float
    probability_to: float
    marks: int
    mean_probability: float | None
    share_nodules: float | None


class Calibration(_Record):
    """Reliability of the probabilities of the marks that count."""

    expected_calibration_error: float
    marks: int
    reliability: list[ReliabilityBin]


class Evaluation(_Record):
    """Result of an evaluation by the LUNA16 protocol."""

    sensitivity: dict[str, float | None] = Field(
        description="at so many false positives per scan; null without reference nodules"
    )
    cpm: float | None = Field(description="mean of the seven sensitivities")
    cpm_ci95: Interval | None = Field(description="bootstrap by scan, percentiles 2.5 and 97.5")
    scans: int
    nodules: int
    found: int = Field(description="nodules hit by any mark")
    false_positives: int
    ignored_irrelevant: int
    ignored_double: int
    bootstraps: int
    seed: int
    size_bins: list[SizeBin]
    operating_point: OperatingPoint | None
    calibration: Calibration | None
    warnings: list[str]
