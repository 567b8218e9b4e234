"""A first stage that learns from the nodules' truth and from its teacher at once."""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn

from models.detector.detector import Detector
from models.detector.refiner import Refiner
from models.training.distillation.detector import DistillationWeights, Distiller
from models.training.two_stage import Batch, TwoStage


class DistilledFirstStage(TwoStage):
    """Teaches the first stage by labels and by a teacher; the second one does not move.

    Args:
        detector: the student.
        refiner: carried along.
        teacher: takes and gives what the student does.
        weights: of the teacher's parts of the loss.
    """

    def __init__(
        self,
        detector: Detector,
        refiner: Refiner,
        *,
        teacher: nn.Module,
        weights: DistillationWeights | None = None,
    ) -> None:
        super().__init__(detector, refiner.requires_grad_(False))
        # in a list: the student's weights are stored once
        self._distiller = [Distiller(detector, teacher, weights=weights)]

    def train(self, mode: bool = True) -> Self:
        """Switch the first stage."""
        super().train(mode)
        self.refiner.eval()
        return self

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted losses by labels and by the teacher, by name."""
        output, parts = self._distiller[0](batch.image)
        return {**self.first_stage_losses(output, batch), **parts}
