"""What StarLung says about one CT: the typed content of ``findings.json`` (starlung.findings/1).

Beside it a nodule that a reader added: measured like the model's, but without a probability.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from medical.ct.volume import QualityNote
from medical.nodule.density_kinds import Density
from models.zoo.starnet_card import LearnedOutcomes

Interval = Annotated[
    tuple[float, float], Field(description="lower and upper end of a 95 % interval")
]
_NOT_BEFORE = "null in results of 0.5 and earlier"
"""``cavitary``: with air inside, so that none of the others holds."""
_MODELS_OWN = {"id", "probability", "probability_ci95", "malignancy"}
_MEASURES = (
    *("long_axis_mm", "short_axis_mm", "diameter_mm", "diameter_ci95"),
    *("volume_mm3", "volume_ci95", "density", "mean_hu"),
)


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Program(_Record):
    """Which StarLung wrote a result."""

    version: str = Field(description="such as 0.1.0, with the commit in a git checkout")


class ModelReference(_Record):
    """Which model spoke: enough to trace a result to a file and to how its scores were read."""

    name: str
    version: str
    sha256: str = Field(description="digest of the weights")
    digest: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="of weights, configuration, calibration and operating point together; "
        + _NOT_BEFORE,
    )


class RatingModel(ModelReference):
    """What rates the findings' malignancy, and what it was taught on."""

    outcomes: LearnedOutcomes | None = Field(
        default=None,
        exclude_if=lambda outcomes: outcomes is None,
        description="of a site, which it was trained on after readers' ratings: the rating is then "
        "how likely a finding turns out malignant where both outcomes are alike frequent; not "
        "given: ratings alone",
    )


class Runtime(_Record):
    """What ran the networks: results of two backends agree within a tolerance, not to the bit."""

    name: str = Field(description="such as OpenVINO or torch")
    version: str
    device: str = Field(description="such as CPU, or the name of the GPU")
    precision: str = Field(description="of the first stage's arithmetic: f32, bf16 or int8")


class Malignancy(_Record):
    """The rating of malignancy that radiologists would give; taught on ratings, not on pathology.

    Which model gave it stands in ``malignancy_model``, and whether outcomes moved it after that.
    """

    risk: float = Field(
        ge=0,
        le=1,
        description="0 where radiologists would rate 1 (highly unlikely malignant), 1 where they "
        "would rate 5 (highly suspicious); no probability of cancer",
    )
    ci95: Interval
    image_weight: float = Field(ge=0, le=1, description="share of the image in the risk")
    text_weight: float = Field(
        ge=0, le=1, description="share of what is written; 0 where nothing was given"
    )


class Finding(_Record):
    """One suspected nodule."""

    id: int = Field(ge=1, description="1 is the strongest")
    probability: float = Field(ge=0, le=1)
    probability_ci95: Interval
    center_lps_mm: tuple[float, float, float] = Field(description="LPS millimetres (x, y, z)")
    slice_number: int = Field(description="number of the slice through the centre, as viewers show")
    sop_instance_uid: str | None
    long_axis_mm: float = Field(gt=0)
    short_axis_mm: float = Field(gt=0)
    diameter_mm: float = Field(gt=0, description="mean of long and short axis (Lung-RADS)")
    diameter_ci95: Interval
    volume_mm3: float = Field(gt=0, description="volume of the refiner's mask")
    volume_ci95: Interval
    density: Density
    mean_hu: float
    location: str = Field(description="side and zone, e.g. 'left upper zone'")
    malignancy: Malignancy | None = None


class Input(_Record):
    """What was scored: a result belongs to it, whatever it is called."""

    path: str = Field(description="below the input; '.', or a file's name, where it is it")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="digest of its files")


class Searched(_Record):
    """Which share of each lung was searched; null where it cannot be told."""

    left: float | None = Field(ge=0, le=1)
    right: float | None = Field(ge=0, le=1)


class Seconds(_Record):
    """Wall-clock seconds of each stage."""

    read: float
    prepare: float
    detect: float
    refine: float
    measure: float
    write: float


class SeriesFindings(_Record):
    """Everything said about one series. Research use only."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["starlung.findings/1"] = Field("starlung.findings/1", alias="schema")
    study_instance_uid: str | None
    series_instance_uid: str
    frame_of_reference_uid: str | None
    program: Program | None = Field(default=None, description="null in results that do not say it")
    model: ModelReference
    malignancy_model: RatingModel | None = Field(
        default=None, description="which gave each finding's malignancy; " + _NOT_BEFORE
    )
    runtime: Runtime | None = Field(default=None, description=_NOT_BEFORE)
    input: Input | None = Field(default=None, description=_NOT_BEFORE)
    searched: Searched | None = Field(default=None, description=_NOT_BEFORE)
    operating_point: float = Field(ge=0, le=1)
    samples: int = Field(
        ge=1,
        validation_alias=AliasChoices("samples", "passes"),
        description="Monte-Carlo dropout samples",
    )
    quality: list[QualityNote]
    findings: list[Finding]
    negative: bool = Field(
        description="true when nothing reaches the operating point and both lungs were searched"
    )
    seconds: Seconds
    research_use_only: Literal[True] = True


class AddedFinding(BaseModel):
    """What was measured where a reader clicked; the fields mean what ``Finding``'s mean.

    ``outlined`` tells whether the model outlined something there. If not, nothing was measured:
    sizes, intervals and density are ``None``, and the reader must measure.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    center_lps_mm: tuple[float, float, float]
    slice_number: int
    sop_instance_uid: str | None
    long_axis_mm: float | None = Field(gt=0)
    short_axis_mm: float | None = Field(gt=0)
    diameter_mm: float | None = Field(gt=0)
    diameter_ci95: Interval | None
    volume_mm3: float | None = Field(gt=0)
    volume_ci95: Interval | None
    density: Density | None
    mean_hu: float | None
    location: str
    outlined: bool

    @model_validator(mode="before")
    @classmethod
    def _drop_guesses(cls, fields: Any) -> Any:
        # Versions up to 0.5 kept the size of a ball that the model guessed: no measurement.
        if isinstance(fields, dict) and fields.get("outlined") is False:
            return {**fields, **dict.fromkeys(_MEASURES)}
        return fields

    @model_validator(mode="after")
    def _measured_if_outlined(self) -> Self:
        if self.outlined and any(getattr(self, name) is None for name in _MEASURES):
            raise ValueError("what is outlined has all measures")
        return self

    @classmethod
    def measured(cls, finding: Finding, *, outlined: bool) -> Self:
        """Take the measures of ``finding`` and leave out what only a detection has."""
        return cls(**finding.model_dump(exclude=_MODELS_OWN), outlined=outlined)
