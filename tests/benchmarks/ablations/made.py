"""A batch as the nodule engine makes them, for tests: the engine itself takes half a minute."""

from __future__ import annotations

from typing import Any

import torch

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.batch import TrainingBatch

P = 32  # voxels along an edge


def made_batch(center: tuple[float, float, float], diameter_mm: float) -> TrainingBatch:
    """Two patches of lung; a bright ball in the first one, nothing in the second."""
    axis = torch.arange(P, dtype=torch.float32)
    grid = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"))
    ball = (grid - torch.tensor(center).view(3, 1, 1, 1)).norm(dim=0) <= diameter_mm / 2
    image = torch.full((2, 1, P, P, P), -0.85)
    image[0, 0][ball] = 0.0
    label = torch.zeros_like(image)
    label[0, 0][ball] = 1.0
    yes, no = torch.tensor([[True], [False]]), torch.zeros(2, 1, dtype=torch.bool)
    mm = torch.full((2, 1), diameter_mm)
    centers = torch.tensor([[center], [center]])
    return TrainingBatch(image, label, centers, mm, yes, torch.zeros(2, 1).long(), yes, no)


class MadeEngine:
    """Stands for ``NoduleEngine``; remembers the cases that the last one was given."""

    cases: tuple[str, ...] = ()

    def __init__(self, cases: list[TrainingCase], *_: Any, **__: Any) -> None:
        MadeEngine.cases = tuple(case.name for case in cases)

    def batch(self, _: int) -> TrainingBatch:
        """Two patches, however many are asked for."""
        return made_batch((13.0, 18.0, 9.0), 7.0)
