"""A first stage that learns from the nodules' truth and from its teacher at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import torch
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
        teacher: takes and gives what the student does; asked for what a batch has no answer to.
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
        output, parts = self._distiller[0](batch.image, batch.answer)
        return {**self.first_stage_losses(output, batch), **parts}


def asking(teacher: nn.Module, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Return what asks a teacher: in half the bits on an accelerator, in any thread.

    Args:
        teacher: ``[n, 1, z, y, x]`` to ``[n, 6, z/4, y/4, x/4]``; moved to the device.
        device: where it is asked.
    """
    cuda = device.type == "cuda"
    network = teacher.to(device).eval().requires_grad_(False)
    if cuda:
        network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    @torch.no_grad()
    def ask(image: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=cuda):
            answer: Tensor = network(image)
        return answer.float()

    return ask
