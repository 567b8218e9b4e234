"""A model card: what weights are, what they were made from, and how they are calibrated."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path, PurePath
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator


class Calibration(BaseModel):
    """How raw scores become probabilities and intervals (see ``medical.detection.calibration``).

    ``intercept``, ``detector_slope`` and ``refiner_slope`` are a logistic regression on the two
    stages' logits and on how likely a candidate is at least ``least_mm`` wide; 0 where that is not
    asked. The quantiles are split-conformal: the half-width of a 95 % interval is the
    quantile times (Monte-Carlo standard deviation + floor).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    intercept: float
    detector_slope: float
    refiner_slope: float
    least_mm: float = Field(default=0.0, ge=0)
    logit_quantile: float = Field(gt=0)
    logit_floor: float = Field(gt=0)
    log_diameter_bias: float
    log_diameter_quantile: float = Field(gt=0)
    log_diameter_floor: float = Field(gt=0)
    log_volume_bias: float
    log_volume_quantile: float = Field(gt=0)
    log_volume_floor: float = Field(gt=0)
    set_description: str
    nodules: int
    candidates: int
    measured_coverage: dict[str, float]


class OperatingChoice(BaseModel):
    """What a threshold gave on the held-out scans that the card names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = Field(gt=0, lt=1)
    sensitivity: float = Field(ge=0, le=1)
    false_positives_per_scan: float = Field(ge=0)


class CalibrationScan(BaseModel):
    """One scan that the weights were calibrated on, to see when others are unlike it.

    ``acquisition`` is as ``SeriesSource`` has it; ``candidates`` are the probabilities of all
    candidates in the scan as it is, which cards up to version 0.5 call ``marks``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    acquisition: dict[str, str]
    candidates: tuple[float, ...] = Field(validation_alias=AliasChoices("candidates", "marks"))


class ReliabilityRow(BaseModel):
    """Candidates of similar probability, by a calibration that has not seen their scan.

    ``share_nodules`` is weighted as the calibration is; its interval is a bootstrap over them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean_probability: float = Field(ge=0, le=1)
    share_nodules: float = Field(ge=0, le=1)
    share_ci95: tuple[float, float]
    candidates: int = Field(ge=1)


class NetworkFiles(BaseModel):
    """A network that lies beside the weights ready to run, in place of one converted from them.

    ``files`` are names in the model's folder with their SHA-256: an ``.onnx`` file, or an OpenVINO
    ``.xml`` with its ``.bin``. ``precision`` is of the arithmetic; layers that the file has
    quantised run as INT8 either way.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: dict[str, str] = Field(min_length=1, max_length=2)
    precision: Literal["f32", "bf16"] = "f32"

    @field_validator("files")
    @classmethod
    def _beside_the_card(cls, files: dict[str, str]) -> dict[str, str]:
        for name in files:
            if PurePath(name).name != name or PurePath(name).suffix not in (
                ".onnx",
                ".xml",
                ".bin",
            ):
                raise ValueError(
                    f"{name!r} is not the name of a network file in the model's folder"
                )
        if sum(not name.endswith(".bin") for name in files) != 1:
            raise ValueError("a network is one .onnx file, or one .xml file with its .bin")
        return files


class CascadeBand(BaseModel):
    """Peaks of the ready first stage between these heat logits are seen again by the weights.

    ``most`` bounds how many, the strongest first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float
    high: float
    most: int = Field(default=16, ge=1)


NetworkName = Literal["first", "classifier", "outline"]
NETWORK_NAMES: tuple[NetworkName, ...] = ("first", "classifier", "outline")
RETINANET = "monai-retinanet"
"""``kind`` in the card of a model whose first stage is MONAI's RetinaNet."""
# Of the whole logit's mean over samples. No result differs by it: of 17,280 candidates of
# starlung-lite and starlung-fast none has more than 5.4, on nodules inserted into eight CTs none
# more than 5.8; of all second stages of ``tests/benchmarks/folds/predictions`` none has more than
# 7.8 or less than -6.1. Single samples reach 12.4: a bound on each would spare less.
_MOST_REFINEMENT_LOGIT = 8.0
_DECISIVE = {
    "sha256",
    "detector",
    "refiner",
    "operating_point",
    "calibration",
    "networks",
    "cascade",
}


class ModelCard(BaseModel):
    """Everything that stands beside a weight file.

    ``operating_nodules`` inserted nodules and ``operating_scans`` scans gave the operating curve;
    0 where that is not known, and then no interval can be given. Cards of weights that were
    retrained at a site may lack ``calibration_scans`` and ``reliability``. ``run`` is the whole
    configuration of the run that made the weights, where the program made them. ``networks`` are
    those that lie ready to run; the others are converted from the weights. With ``cascade`` the
    first stage converted from the weights looks again where the ready one is not sure. ``twins``
    are the same networks in another format beside them, which this program does not run.
    ``kept_back`` says why a gate did not let the model replace the one in use; empty where none
    did not. ``refinement_weight`` is the share of the second stage's logit that the stored weights
    hold: where it ranks worse alone than beside the first, it counts less than it was taught to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    sha256: str
    detector: dict[str, object]
    refiner: dict[str, object]
    operating_point: float = Field(gt=0, lt=1)
    operating_curve: tuple[OperatingChoice, ...] = ()
    operating_nodules: int = Field(default=0, ge=0)
    operating_scans: int = Field(default=0, ge=0)
    calibration_scans: tuple[CalibrationScan, ...] = ()
    reliability: tuple[ReliabilityRow, ...] = ()
    calibration: Calibration
    scans_seen_in_training: list[str]
    data: list[str]
    recipe: str
    run: dict[str, object] = {}
    networks: dict[NetworkName, NetworkFiles] = {}
    twins: dict[NetworkName, NetworkFiles] = {}
    cascade: CascadeBand | None = None
    metrics: dict[str, object]
    not_good_for: list[str]
    kept_back: str = ""
    refinement_weight: float = Field(default=1.0, gt=0, le=1)

    @property
    def digest(self) -> str:
        """SHA-256 of what decides a result, hexadecimal: a model's identity.

        Of weights, networks' configuration, calibration and operating point; not of the name, nor
        of what the card tells besides. Weights alone are no identity: calibrated anew, the same
        weights give other probabilities and other findings.
        """
        # Without defaults: a field that a later version adds must not make it another model.
        decisive = self.model_dump(mode="json", include=_DECISIVE, exclude_defaults=True)
        text = json.dumps(decisive, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def refinement_bound(self) -> float:
        """What the second stage's logit, its samples' mean, is held within, either way.

        Infinite where it counts whole: there it may decide of any candidate, so that a bound spares
        nothing, and another's network may have logits of any size.
        """
        weight = self.refinement_weight
        return _MOST_REFINEMENT_LOGIT * weight if weight < 1 else math.inf

    @property
    def has_retinanet(self) -> bool:
        """Whether the first stage is MONAI's RetinaNet, imported from a bundle."""
        return self.detector.get("kind") == RETINANET

    @property
    def reads_whole_box(self) -> bool:
        """Whether the first stage sees the whole box of the lungs at once.

        So do those that were taught to read a place alike in a patch and in a whole scan; others
        see windows of one size.
        """
        return self.detector.get("local_attention") is True

    @property
    def reads_in_mirror(self) -> bool:
        """Whether the first stage's answer is the mean of two views, as it is and in a mirror."""
        return not self.reads_whole_box or self.detector.get("mirrored") is True

    @classmethod
    def read(cls, path: Path) -> ModelCard:
        """Read ``card.json``."""
        return cls.model_validate_json(path.read_text(encoding="utf-8"))

    def with_metrics(self, metrics: dict[str, object]) -> ModelCard:
        """Return the same card with figures beside those that it has."""
        return self.model_copy(update={"metrics": {**metrics, **self.metrics}})

    def write(self, path: Path) -> None:
        """Write ``card.json``."""
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
