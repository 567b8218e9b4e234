"""What ``folds.second.first_features`` taught, on candidates of lungs that none had seen.

``python -m tests.benchmarks.folds.second.seen_features DATA OUT MODEL [NAME=WEIGHTS...]`` reads
each scan with the model's first stage, the whole box in two views as the product does but in 32
bits, and writes what it sees at the candidates of the model's own predictions into
``OUT/MODEL/LUNG.npz``; a lung that was read is not read again. Then the heads of each file of
weights judge them: a table beside the one of ``folds.second.second_stages``, a column of logits a
head and file.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn

from medical.detection.refinement import Crops, cut
from medical.synthesis.case import TrainingCase
from models.detector.contract import CROP, HEAT, MULTIPLE
from models.detector.detector import Detector
from models.detector.normalise import normalise
from models.detector.refiner import Trunk
from models.runtime.conversion import convert
from models.runtime.openvino_cpu import OneByOne, OpenVinoNetwork
from models.training.two_stage import TwoStage
from models.zoo.loader import find_model
from models.zoo.networks import load_to_teach
from tests.benchmarks.folds.read import scans_of
from tests.benchmarks.folds.scans import UNSEEN
from tests.benchmarks.folds.second.first_features import (
    HEADS,
    Evidence,
    FeatureHeads,
    heat_around,
    look_around,
    see,
)
from tests.benchmarks.folds.second.second_stages import MODELS, places_of

_MIRRORS: tuple[tuple[int, ...], ...] = ((), (4,), (3,), (2,))  # of crops, as the product's
_AT_A_TIME = 64
Places = Float[np.ndarray, "n 4"]  # (z, y, x) on the 1 mm grid, diameter in millimetres


class WithFused(nn.Module):
    """A first stage that also gives what its heads read."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """``[1, 1, z, y, x]`` to the fused map and the output."""
        return see(self.detector, image)


class BothMaps:
    """What a first stage sees of a whole box: as it is, then in a mirror and turned back.

    A box that the product cuts along its height for want of memory is read at once, too.

    Args:
        detector: a first stage.
    """

    def __init__(self, detector: Detector) -> None:
        self._network = OpenVinoNetwork(
            convert(WithFused(detector), (torch.zeros(1, 1, 64, 64, 64),))
        )

    def see(self, case: TrainingCase) -> Iterator[tuple[Tensor, Tensor]]:
        """Fused map and output of each view, the edges repeated as the product does."""
        grow = [(0, max(64, n + -n % MULTIPLE) - n) for n in case.code.shape]
        image = np.pad(normalise(case.hu), grow, mode="edge")[None, None]
        for mirrored in (False, True):
            maps = self._network(np.flip(image, -1) if mirrored else image)
            fused, output = (np.flip(part, -1).copy() if mirrored else part for part in maps)
            yield torch.from_numpy(fused), torch.from_numpy(output)

    @torch.no_grad()
    def at(self, case: TrainingCase, places: Places) -> tuple[np.ndarray, np.ndarray]:
        """Features ``[2, n, f]`` and heat ``[2, n]`` at places of a case."""
        centers = torch.from_numpy(places[:, :3])
        features, heat = [], []
        for fused, output in self.see(case):
            parts = [
                look_around(fused.expand(len(some), -1, -1, -1, -1), some)
                for some in centers.split(_AT_A_TIME)
            ]
            features.append(torch.cat(parts).numpy())
            hot = output[:, HEAT : HEAT + 1].expand(len(centers), -1, -1, -1, -1)
            heat.append(heat_around(hot, centers).numpy())
        return np.stack(features), np.stack(heat)


def read_lungs(data: Path, folder: Path, networks: TwoStage, predictions: Path) -> None:
    """Write what the first stage sees at the candidates of each lung."""
    folder.mkdir(parents=True, exist_ok=True)
    left = [lung for lung in UNSEEN if not (folder / f"{lung}.npz").exists()]
    maps = BothMaps(networks.detector) if left else None
    for lung in left:
        table = places_of(predictions, lung)
        arrays = {}
        for case, _, _ in scans_of(data, lung):
            if maps is not None and case.name in table:
                seen = maps.at(case, table[case.name])
                arrays[f"{case.name}.features"], arrays[f"{case.name}.heat"] = seen
        part = folder / f"{lung}.part.npz"
        np.savez(part, **arrays)
        part.replace(folder / f"{lung}.npz")
        print(lung, flush=True)


class Pooling(nn.Module):
    """A second stage's convolutions as a network of their own."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, near: Tensor, context: Tensor, near_mm: Tensor) -> Tensor:
        """Features ``[n, f]``."""
        return self.trunk.pool(near, context, near_mm)[0]


def pooling_of(trunk: Trunk) -> Callable[[Crops], Tensor]:
    """Return what gives features ``[4, n, f]`` of crops, a view each way."""
    cube = torch.zeros(1, 1, CROP, CROP, CROP)
    file = convert(Pooling(trunk), (cube, cube, torch.ones(1)))
    network = OneByOne(OpenVinoNetwork(file))

    def pool(crops: Crops) -> Tensor:
        views = [network(*crops.mirrored((axes,)))[0] for axes in _MIRRORS]
        return torch.from_numpy(np.stack(views))

    return pool


class SeenScan(NamedTuple):
    """What the stages say at a scan's candidates; each view apart.

    Args:
        crops: ``[4, n, f]`` of the second stage as it is.
        features: ``[2, n, f]`` of the first stage.
        heat: ``[2, n]``.
    """

    crops: Tensor
    features: Tensor
    heat: Tensor


def judge(heads: FeatureHeads, scan: SeenScan, taught: Tensor) -> dict[str, Tensor]:
    """Logits ``[n]`` of each head: the mean over views, each of which is like those in training."""
    views = [
        Evidence(scan.crops[way], taught[way], scan.features[way % 2], scan.heat[way % 2])
        for way in range(len(_MIRRORS))
    ]
    return {
        name: torch.stack([heads.heads[name](view.of(sight)) for view in views]).mean(0)
        for name, sight in HEADS.items()
    }


def load_heads(networks: TwoStage, path: Path) -> FeatureHeads:
    """Make heads on a model's two stages with the weights of a training."""
    heads = FeatureHeads(networks.detector, networks.refiner)
    missing, unexpected = heads.load_state_dict(load_file(path), strict=False)
    absent = [name for name in missing if name.startswith(("heads.", "along."))]
    if absent or unexpected:
        raise ValueError(f"{path} does not fit: lacks {absent}, has also {unexpected}")
    return heads.eval()


def seen_scans(
    data: Path, lung: str, folder: Path, pool: Callable[[Crops], Tensor], predictions: Path
) -> Iterator[tuple[str, SeenScan, Crops]]:
    """What both stages say at the candidates of each scan of a lung, and their crops."""
    hu = {case.name: case for case, _, _ in scans_of(data, lung)}
    stored, path = np.load(folder / f"{lung}.npz"), folder / f"{lung}.crops.npz"
    pooled = dict(np.load(path)) if path.exists() else {}
    for name, places in places_of(predictions, lung).items():
        crops = cut(hu[name].hu, places[:, :3], places[:, 3])
        if name not in pooled:
            pooled[name] = pool(crops).numpy()
        parts = (pooled[name], *(stored[f"{name}.{part}"] for part in ("features", "heat")))
        yield name, SeenScan(*(torch.from_numpy(part) for part in parts)), crops
    np.savez(path, **pooled)


def judge_lung(
    scans: Iterator[tuple[str, SeenScan, Crops]],
    heads: list[tuple[FeatureHeads, Callable[[Crops], Tensor]]],
) -> Iterator[list[str]]:
    """Lines of the table of one lung: its scan, then each head's logit, file by file."""
    for name, scan, crops in scans:
        logits = [
            column for each, along in heads for column in judge(each, scan, along(crops)).values()
        ]
        for row in torch.stack(logits, 1).tolist():
            yield [name, *(f"{logit:.2f}" for logit in row)]


@torch.no_grad()
def main() -> None:
    """Read, then judge and write."""
    data, out, model = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    paths = dict(argument.split("=", 1) for argument in sys.argv[4:])
    networks, candidates = load_to_teach(find_model(model)), MODELS[model]
    folder = out / model
    read_lungs(data, folder, networks, candidates.predictions)
    if not paths:
        return
    loaded = [load_heads(networks, Path(path)) for path in paths.values()]
    heads = [(each, pooling_of(each.along)) for each in loaded]
    pool = pooling_of(networks.refiner.own or networks.refiner)
    part = candidates.features.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["scan", *(f"{head}-{name}" for name in paths for head in HEADS)])
        for lung in UNSEEN:
            scans = seen_scans(data, lung, folder, pool, candidates.predictions)
            writer.writerows(judge_lung(scans, heads))
            print(lung, flush=True)
    part.replace(candidates.features)


if __name__ == "__main__":
    main()
