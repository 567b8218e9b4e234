"""Second stages that see the first one's features as well, and a control that does not.

``python -m tests.benchmarks.folds.second.first_features DATA OUT NAME MODEL SECONDS [SEED]``
teaches heads of a model on what fold ``unseen`` may see and writes ``OUT/NAME.safetensors``, and
what there is so far every ``KEEP_STEPS`` steps. Both stages of the model stay as they are, so all
heads are taught at once, on the same candidates: a head's gradient never reaches another. ``along``
alone teaches the second stage's convolutions on, in a copy. Run again on the same OUT it goes on
where it was cut off.
"""

from __future__ import annotations

import copy
import itertools
import sys
from pathlib import Path
from typing import NamedTuple, Self

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from medical.files import written_atomically
from medical.logs import LineHandler, own_log
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.synthesis.phantom.sample import keep_chest_cases
from medical.training.fit import Material
from medical.training.lessons import Lessons
from medical.training.recipes import Patches, Recipe, read_recipe
from models.detector.contract import HEAT, STRIDE
from models.detector.detector import Detector
from models.detector.refiner import Refiner
from models.training.config import LoopConfig
from models.training.loop import train
from models.training.two_stage import Batch, RefinementStageOnly
from models.zoo.loader import find_model
from models.zoo.networks import load_to_teach
from tests.benchmarks.folds.train import cases_of

REACH = 2
"""Cells of 4 mm to each side that a head sees of the first stage's map."""
HIDDEN, DROPOUT = 128, 0.5  # as of the shipped second stage
KEEP_STEPS = 250
_LOG_STEPS = 50
_SMOOTHING, _DECAY, _WARMUP, _ECHOES = 0.05, 0.1, 100, 2
_BATCHES = {
    "cube_share": 0.95,
    "wide_share": 1.0,
    "lesion_share": 0.4,
    "distractor_share": 0.05,
    "large_mm": [10.0, 38.0],
}
"""Real nodules alone, as ``v2``, the best of those that see crops alone, was taught."""


class Sight(NamedTuple):
    """What a head sees of a candidate.

    Args:
        crops: pooled features of the second stage's convolutions.
        features: of the first stage's fused map, around the candidate.
        heat: the first stage's logit.
        taught: whether those convolutions are a copy that is taught along.
    """

    crops: bool = False
    features: bool = False
    heat: bool = False
    taught: bool = False


HEADS = {
    "crops": Sight(crops=True),
    "both": Sight(crops=True, features=True),
    "both-heat": Sight(crops=True, features=True, heat=True),
    "features": Sight(features=True),
    "features-heat": Sight(features=True, heat=True),
    "along": Sight(crops=True, features=True, heat=True, taught=True),
}


class Evidence(NamedTuple):
    """All that heads may see of ``n`` candidates.

    Args:
        crops: ``[n, f]`` of the second stage as it is.
        taught: ``[n, f]`` of the copy that is taught along.
        features: ``[n, 3 c]`` of the first stage.
        heat: ``[n]``.
    """

    crops: Tensor
    taught: Tensor
    features: Tensor
    heat: Tensor

    def of(self, sight: Sight) -> Tensor:
        """Return ``[n, g]``, what a head sees of it."""
        crops = self.taught if sight.taught else self.crops
        parts = (
            (sight.crops, crops),
            (sight.features, self.features),
            (sight.heat, self.heat[:, None]),
        )
        return torch.cat([part.float() for wanted, part in parts if wanted], 1)


def _sample(maps: Tensor, centers: Tensor, *, reach: int, mode: str) -> Tensor:
    """Cells around a candidate of each map ``[n, c, (2 reach + 1) ** 3]``, edges repeated."""
    steps = range(-reach, reach + 1)
    offsets = torch.tensor(list(itertools.product(steps, steps, steps)), device=maps.device)
    cells = ((centers + 0.5) / STRIDE - 0.5)[:, None] + offsets
    size = torch.tensor(maps.shape[2:], device=maps.device)
    grid = ((2 * cells + 1) / size - 1).flip(-1).float()[:, :, None, None]
    seen = functional.grid_sample(
        maps.float(), grid, mode=mode, padding_mode="border", align_corners=False
    )
    return seen[..., 0, 0]


def look_around(fused: Tensor, centers: Tensor) -> Tensor:
    """Features at a candidate's centre, their mean and maximum within ``REACH`` cells.

    Args:
        fused: ``[n, c, z, y, x]``, a map a candidate.
        centers: ``[n, 3]`` millimetres (z, y, x).

    Returns:
        ``[n, 3 c]``.
    """
    seen = _sample(fused, centers, reach=REACH, mode="bilinear")
    return torch.cat([seen[..., seen.shape[-1] // 2], seen.mean(-1), seen.amax(-1)], 1)


def heat_around(heat: Tensor, centers: Tensor) -> Tensor:
    """Highest logit ``[n]`` in a candidate's cell and those beside it; heat ``[n, 1, z, y, x]``."""
    return _sample(heat, centers, reach=1, mode="nearest")[:, 0].amax(-1)


def see(detector: Detector, image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the fused map that the heads of a first stage read, and its output."""
    fused, attention = detector.attention(detector.pyramid(detector.encoder(image)))
    return fused, torch.cat([detector.heads(fused), attention], 1)


class Head(nn.Module):
    """Small layers as of the second stage, on inputs of one scale.

    Args:
        inputs: how many.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.scale = nn.BatchNorm1d(inputs, affine=False)
        self.layers = nn.Sequential(
            nn.Dropout(DROPOUT),
            nn.Linear(inputs, HIDDEN),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(HIDDEN, 1),
        )

    def forward(self, evidence: Tensor) -> Tensor:
        """Logits ``[n]`` of ``[n, inputs]``."""
        logits: Tensor = self.layers(self.scale(evidence))[:, 0]
        return logits


class FeatureHeads(RefinementStageOnly):
    """Teaches heads on candidates of two stages that no longer learn.

    Args:
        detector: the first stage.
        refiner: the second one.
    """

    def __init__(self, detector: Detector, refiner: Refiner) -> None:
        super().__init__(detector, refiner.requires_grad_(False), smoothing=_SMOOTHING)
        crops = refiner.hidden1.in_features
        features = 3 * detector.heads.heat.in_channels
        self.along = copy.deepcopy(refiner.own or refiner).requires_grad_(True)
        self.heads = nn.ModuleDict()
        for name, sight in HEADS.items():
            inputs = crops * sight.crops + features * sight.features + sight.heat
            self.heads[name] = Head(inputs)

    def train(self, mode: bool = True) -> Self:
        """Switch the heads and what is taught along; both stages stay as they are."""
        super().train(mode)
        self.refiner.eval()
        return self

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of each head by its name."""
        with torch.no_grad():
            fused, output = see(self.detector, batch.image)
            rows = self.candidate_rows(self.candidate_sources(output, batch), batch)
            crops = self.cut_crops(rows, batch)[:3]
            pooled = self.refiner.classifier_features(*crops)
            patch, centers = rows["patch"], rows["center"]
            features = look_around(fused[patch], centers)
            heat = heat_around(output[patch, HEAT : HEAT + 1], centers)
        evidence = Evidence(pooled, self.along.pool(*crops)[0], features, heat)
        truth = rows["is_nodule"].float() * (1 - 2 * self.smoothing) + self.smoothing
        return {
            name: functional.binary_cross_entropy_with_logits(
                self.heads[name](evidence.of(sight)).float(), truth
            )
            for name, sight in HEADS.items()
        }

    def taught(self) -> dict[str, Tensor]:
        """Return the weights that were taught, on the CPU."""
        return {
            name: weight.detach().cpu().contiguous()
            for name, weight in self.state_dict().items()
            if name.startswith(("heads.", "along."))
        }


def keep(heads: FeatureHeads, path: Path) -> None:
    """Write what was taught; whole or not at all."""
    with written_atomically(path) as beside:
        save_file(heads.taught(), beside)


def how_taught() -> Recipe:
    """One phase: batches of real nodules; on a CPU as small as it can carry."""
    recipe = read_recipe("starlung-fast")
    phase = recipe.phases[-1].model_copy(
        update={"batches": _BATCHES, "compiled": False, "echoes": _ECHOES}
    )
    update: dict[str, object] = {"phases": (phase,)}
    if not torch.cuda.is_available():
        update["patches"] = Patches(batch=8, patch=64)
    return recipe.model_copy(update=update)


def teach_heads(
    data: Path, out: Path, name: str, *, model: str, seconds: float, seed: int
) -> FeatureHeads:
    """Teach the heads of a model on the lungs that fold ``unseen`` may see."""
    recipe = how_taught()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    chests = keep_chest_cases(data / "chests", count=recipe.chests)
    material = Material(
        cases=cases_of(data, "unseen"),
        pool=NodulePool.load(data / "pool.npz"),
        chests=[TrainingCase.load(path) for path in chests],
    )
    networks = load_to_teach(find_model(model))
    torch.manual_seed(seed)
    learner = FeatureHeads(networks.detector, networks.refiner).to(device)
    learner.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def keep_now_and_then(step: int, losses: dict[str, float]) -> None:
        if step % KEEP_STEPS == 0:
            keep(learner, out / f"{name}.safetensors")

    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    with Lessons(material, recipe, device).batches(seed=seed, chests=True) as batches:
        average = train(
            learner,
            learner.losses,
            batches,
            LoopConfig(
                seconds=seconds,
                weight_decay=_DECAY,
                warmup_steps=_WARMUP,
                log_steps=_LOG_STEPS,
            ),
            out=folder,
            device=device,
            events=keep_now_and_then,
            curriculum=recipe.phases[0].curriculum,
        )
    heads = average.module
    assert isinstance(heads, FeatureHeads)
    return heads


def main() -> None:
    """Teach and write."""
    data, out, name, model, seconds = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:6]
    seed = int(sys.argv[6]) if len(sys.argv) > 6 else 41
    heads = teach_heads(data, out, name, model=model, seconds=float(seconds), seed=seed)
    keep(heads, out / f"{name}.safetensors")


if __name__ == "__main__":
    with own_log(LineHandler()):
        main()
