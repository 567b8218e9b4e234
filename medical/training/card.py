"""The card of retrained weights: what they are made of, from what, and how they were measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medical.plain_text import counted
from medical.program import program_version
from medical.training.calibration.recalibrate import Recalibrated
from medical.training.config import RunConfig
from models.zoo.card import ModelCard
from models.zoo.loader import DEFAULT_MODEL, WEIGHTS, StoredModel, find_model, sha256_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How the weights were made.

    Args:
        config: of the run.
        parent: what they began as; ``None`` for random weights.
        trained_on: names of the scans.
        steps: taken, of all phases.
    """

    config: RunConfig
    parent: StoredModel | None
    trained_on: Sequence[str]
    steps: int


def new_card(folder: Path, made: Made, *, own: Recalibrated | None) -> ModelCard:
    """Make the card of the weights in a folder, without figures.

    Without a calibration of its own the parent's is copied, with its operating point, and said; an
    operating curve is never copied, as it is measured with the weights.
    """
    origin = made.parent or find_model(DEFAULT_MODEL)
    point, guarantee = origin.card.operating_point, dict[str, object](none="not calibrated anew")
    if own is not None:
        calibration, guarantee = own.calibration, own.operating.guarantee
        point = own.operating.threshold or point
    else:
        calibration = origin.card.calibration.model_copy(
            update={
                "set_description": f"Copied from {origin.card.name}, NOT calibrated anew: "
                f"intervals need not hold. Was: {origin.card.calibration.set_description}",
                "measured_coverage": {},
            }
        )
    parent, recipe = made.parent.card if made.parent else None, made.config.recipe
    digest = sha256_of(folder / WEIGHTS)
    seen = dict.fromkeys([*(parent.scans_seen_in_training if parent else []), *made.trained_on])
    return ModelCard(
        name=f"retrained-{digest[:8]}",
        version="1",
        sha256=digest,
        detector=parent.detector if parent else recipe.detector.to_dict(),
        refiner=parent.refiner if parent else recipe.refiner.to_dict(),
        operating_point=point,
        operating_curve=own.operating.curve if own else (),
        operating_nodules=own.operating.nodules if own else 0,
        operating_scans=own.operating.scans if own else 0,
        calibration=calibration,
        scans_seen_in_training=list(seen),
        data=[
            f"the user's own {counted(len(made.trained_on), 'case')}",
            *(parent.data if parent else []),
        ],
        recipe=_recipe(made),
        run=made.config.for_card(),
        metrics={"operating_point_promise": guarantee},
        refinement_weight=parent.refinement_weight if parent else 1.0,
        not_good_for=["clinical use of any kind: research only", *origin.card.not_good_for[1:]],
    )


def _recipe(made: Made) -> str:
    """One sentence; the whole configuration stands in ``run``."""
    parent, recipe = made.parent.card if made.parent else None, made.config.recipe
    start = f"from {parent.name} {parent.version}" if parent else "from random weights"
    processes = counted(made.config.cluster.processes, "process", "processes")
    return (
        f"starlung {program_version()} retrain, recipe {recipe.name}, {start}, "
        f"{counted(made.steps, 'step')} in at most {recipe.budget.minutes:g} min, {processes}, "
        f"seed {recipe.seed}"
    )
