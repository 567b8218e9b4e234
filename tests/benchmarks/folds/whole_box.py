"""What networks say of a whole scan in one pass: candidates, and the second stage's logits."""

from __future__ import annotations

from typing import Self

import numpy as np
import torch

from medical.detection.candidates import find_in_box
from medical.detection.refinement import RefinementStage, cut
from medical.synthesis.case import TrainingCase
from models.runtime.mirrors import in_mirrors
from models.runtime.networks import FirstStageNetwork, Networks
from models.runtime.torch_device import torch_networks
from models.training.two_stage import TwoStage
from tests.benchmarks.ablations.marks import CaseMarks

_SAMPLES = 8


class WholeBox:
    """Reads cases with one pair of networks, the whole box of the lungs at once.

    Args:
        networks: on the CPU, in evaluation mode.
        device: where the convolutions run.
        views: 1, or 2 for the mean with the mirror image.
    """

    def __init__(self, networks: TwoStage, *, device: torch.device, views: int) -> None:
        self._use(torch_networks(networks.detector, networks.refiner, device=device), views=views)

    @classmethod
    def by(cls, ready: Networks, *, views: int = 1) -> Self:
        """Make a reader of networks that are ready to run, whatever runs them."""
        made = cls.__new__(cls)
        made._use(ready, views=views)
        return made

    def _use(self, ready: Networks, *, views: int) -> None:
        self._second = RefinementStage(ready.refinement, samples=_SAMPLES)

        def detector(image: np.ndarray) -> np.ndarray:
            return ready.first(image)[0]

        self._see: FirstStageNetwork = in_mirrors(detector) if views == 2 else detector

    def read(self, case: TrainingCase) -> CaseMarks:
        """Find candidates and judge each."""
        hu = case.hu
        candidates = find_in_box(hu, case.lung, self._see)
        if len(candidates.logits) == 0:
            return CaseMarks(
                candidates.centers_voxel,
                candidates.diameters_mm,
                candidates.logits,
                candidates.logits,
            )
        logits = self._second.classify(cut(hu, candidates.centers_voxel, candidates.diameters_mm))
        return CaseMarks(
            candidates.centers_voxel, candidates.diameters_mm, candidates.logits, logits.mean(0)
        )
