"""The typed content of ``evaluation.json``, and how a file that somebody names is read.

Such a file is hostile until it is read; the limits let a file from anywhere be drawn safely.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from medical.errors import InputError
from medical.i18n.messages import message

Share = Annotated[float, Field(ge=0, le=1)]
Interval = tuple[Share, Share]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
_CANDIDATES = AliasChoices("candidates", "marks")  # earlier versions wrote marks
_MAX_ROWS = 1000
LIMIT_BYTES = 1_000_000
_REMEDY = message("Name a folder that 'starlung evaluate --out' wrote")


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CurvePoint(_Record):
    """One point of the FROC curve."""

    false_positives_per_scan: Annotated[float, Field(gt=0)]
    sensitivity: Share
    sensitivity_ci95: Interval | None = Field(
        description="bootstrap by scan; null when no draw held a nodule"
    )


class SizeBin(_Record):
    """Nodules of one size."""

    diameter_from_mm: float
    diameter_to_mm: float | None = Field(description="null: no upper limit")
    nodules: Count
    found: Count = Field(description="by any candidate")
    sensitivity: Share | None = Field(description="found / nodules")
    found_at_operating_point: Count | None = None

    @model_validator(mode="after")
    def _no_more_found_than_there_are(self) -> Self:
        if not (self.found_at_operating_point or 0) <= self.found <= self.nodules:
            raise ValueError("more nodules are found than there are")
        return self


class OperatingPoint(_Record):
    """How the detector behaves at one threshold."""

    threshold: float
    sensitivity: Share | None
    false_positives_per_scan: Annotated[float, Field(ge=0, le=1_000_000)]
    nodule_free_scans: Count
    unmarked_nodule_free_scans: Count = Field(description="no candidate at or above the threshold")
    unmarked_share: Share | None
    unmarked_share_ci95: Interval | None = Field(description="Wilson interval")


class ReliabilityBin(_Record):
    """Candidates whose probability lies in one range."""

    probability_from: float
    probability_to: float
    candidates: Count = Field(validation_alias=_CANDIDATES)
    mean_probability: Share | None
    share_nodules: Share | None


class Calibration(_Record):
    """Reliability of the probabilities of the candidates that count."""

    expected_calibration_error: float
    candidates: Count = Field(validation_alias=_CANDIDATES)
    reliability: list[ReliabilityBin] = Field(max_length=_MAX_ROWS)


class Evaluation(_Record):
    """Result of an evaluation by the LUNA16 protocol."""

    sensitivity: dict[str, Share | None] = Field(
        description="at so many false positives per scan; null without reference nodules"
    )
    cpm: Share | None = Field(description="mean of the seven sensitivities")
    cpm_ci95: Interval | None = Field(description="bootstrap by scan, percentiles 2.5 and 97.5")
    scans: Annotated[Count, Field(ge=1)]
    nodules: Count
    found: Count = Field(description="nodules hit by any candidate")
    false_positives: Count
    ignored_irrelevant: Count
    ignored_double: Count
    bootstraps: int
    seed: int
    curve: list[CurvePoint] = Field(
        default=[], max_length=_MAX_ROWS, description="empty without reference nodules"
    )
    size_bins: list[SizeBin] = Field(max_length=_MAX_ROWS)
    operating_point: OperatingPoint | None
    calibration: Calibration | None
    warnings: list[str]


def read_evaluation(folder: Path) -> Evaluation:
    """Read the evaluation in a folder; only its numbers, never the pictures beside it.

    Args:
        folder: as somebody typed it; ``~`` is their home.

    Raises:
        InputError: there is none, it cannot be read, is larger than ``LIMIT_BYTES`` or holds
            anything else. The message repeats nothing from the file.
    """
    try:
        path = folder.expanduser() / "evaluation.json"
        if not path.is_file():  # a pipe or a device would never end
            raise InputError(folder, message("holds no evaluation.json"), _REMEDY)
        with path.open("rb") as file:
            content = file.read(LIMIT_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or message("not a path")
        problem = message("cannot be read ({reason})", reason=reason)
        raise InputError(folder, problem, _REMEDY) from error
    if len(content) > LIMIT_BYTES:
        size = f"{LIMIT_BYTES // 1_000_000} MB"
        raise InputError(
            path, message("is larger than {size}, so it is no evaluation", size=size), _REMEDY
        )
    try:
        return Evaluation.model_validate_json(content)
    except ValidationError as error:
        raise InputError(
            path, message("is not what 'starlung evaluate' writes"), _REMEDY
        ) from error
