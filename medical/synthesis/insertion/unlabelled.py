"""Patches of CTs as they are, for pretraining: nothing is inserted, nothing is known."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.augment import vary_scanner
from medical.synthesis.insertion.background import BackgroundSampler
from medical.synthesis.insertion.mixture import Mixture
from models.detector.normalise import normalise


class UnlabelledBatch(NamedTuple):
    """``n`` patches."""

    image: Tensor  # [n, 1, p, p, p] normalised


class UnlabelledPatches:
    """Draws patches without end, turned and varied as the nodule engine does.

    Args:
        cases: CTs; what they say of nodules is not read.
        device: where they are made.
        patch: edge in voxels of 1 mm, a multiple of 16.
    """

    def __init__(self, cases: list[TrainingCase], *, device: torch.device, patch: int) -> None:
        self.mixture = Mixture(lesion_share=0.0)
        self.background = BackgroundSampler(cases, patch=patch, device=device, mixture=self.mixture)

    @torch.no_grad()
    def batch(self, count: int) -> UnlabelledBatch:
        """Make ``count`` patches (a multiple of 4)."""
        hu = self.background.draw(count).hu
        return UnlabelledBatch(normalise(vary_scanner(hu, strength=self.mixture.variation)))
