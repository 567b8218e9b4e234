"""Trains the first stage alone; the second one stays to the bit as it is.

Taught on for long on inserted nodules the second stage comes to know inserted ones from real ones
(docs/training.md): where only inserted ones are at hand it must not learn.
"""

from __future__ import annotations

from typing import Self

from torch import Tensor

from models.detector.detector import Detector
from models.detector.refiner import Refiner
from models.training.joint import Batch, TwoStage


class FirstStageOnly(TwoStage):
    """Teaches the first stage; weights and running means of the second one do not move."""

    def __init__(self, detector: Detector, refiner: Refiner) -> None:
        super().__init__(detector, refiner.requires_grad_(False))

    def train(self, mode: bool = True) -> Self:
        """Switch the first stage."""
        super().train(mode)
        self.refiner.eval()
        return self

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted losses of the first stage by name.

        What is doubtful is left out of them: it is taught neither as nodule nor as background.
        """
        return self._first(self.detector(batch.image), batch)
