"""A small refinement stage that learns from its teacher, on what a first stage that is done offers.

Crops are more than ``TwoStage`` takes of a patch: making patches and running the first stage is
what costs, and where no label is needed every candidate teaches.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from models.detector.detector import Detector
from models.detector.refiner import Refiner
from models.training.distillation.refiner import (
    RefinerDistillationWeights,
    refiner_distillation_loss,
)
from models.training.two_stage import Batch, RefinementStageOnly


class DistilledRefinementStage(RefinementStageOnly):
    """Teaches a refinement stage by its teacher alone; the first stage does not move.

    Args:
        detector: finds the candidates; carried along.
        refiner: the student.
        teacher: takes and gives what the student does; widths may differ.
        weights: of the parts of the loss.
    """

    rows: ClassVar[int] = 8
    false_positives: ClassVar[int] = 5

    def __init__(
        self,
        detector: Detector,
        refiner: Refiner,
        *,
        teacher: Refiner,
        weights: RefinerDistillationWeights | None = None,
    ) -> None:
        super().__init__(detector, refiner, smoothing=0.0)
        self._weights = weights or RefinerDistillationWeights()
        # in a list: it is neither trained nor stored
        self._teacher = [teacher.eval().requires_grad_(False)]

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted parts of the loss by name."""
        crops = self.cut_crops(self.pick_candidates(batch), batch)
        seen = (crops.near, crops.context, crops.near_mm)
        with torch.no_grad():
            wanted = self._teacher[0].to(crops.near.device)(*seen)
        return refiner_distillation_loss(self.refiner(*seen), wanted, weights=self._weights)
