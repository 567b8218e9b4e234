"""A fold's first stage from stride 8 alone: ``... folds.one_stride DATA OUT FOLD SECONDS RECIPE``.

As ``folds.train``, from nothing, but nothing is fused (``ablations.variants.OneScale``); the second
stage is the recipe's. ``folds.read`` reads with what it writes. Run again on the same OUT it goes
on where it was cut off.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from medical.files import written_atomically
from medical.logs import LineHandler, own_log
from medical.training.recipes import Recipe
from models.detector.detector import Pyramid
from models.training.two_stage import TwoStage
from models.zoo.networks import save_networks
from tests.benchmarks.ablations.variants import OneScale
from tests.benchmarks.folds.train import teach_fold

_SEED = 41


def build_one_stride(recipe: Recipe) -> TwoStage:
    """Both stages of a recipe, freshly initialised, the first without fusion."""
    detector = recipe.detector.build()
    detector.pyramid = OneScale(cast(Pyramid, detector.pyramid))  # type: ignore[assignment]
    return TwoStage(detector, recipe.refiner.build())


def is_one_stride(weights: Mapping[str, Tensor]) -> bool:
    """Whether the weights are those of a first stage without fusion."""
    return "detector.pyramid.lateral.conv.weight" in weights


def main() -> None:
    """Teach and write."""
    data, out, fold, seconds = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    networks = teach_fold(
        data,
        out,
        fold,
        seconds=float(seconds),
        seed=_SEED,
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
        recipe=sys.argv[5],
        start=build_one_stride,
    )
    with written_atomically(out / f"{fold}.safetensors") as beside:
        save_networks(networks, beside)


if __name__ == "__main__":
    with own_log(LineHandler()):
        main()
