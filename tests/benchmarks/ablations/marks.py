"""Marks of networks on a case, by torch on any device: the pipeline before calibration."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch

from medical.detection.candidates import CandidateSet, candidate_finder
from medical.detection.refinement import RefinementStage, cut
from medical.synthesis.case import TrainingCase
from models.runtime.torch_device import torch_networks
from models.training.two_stage import TwoStage
from tests.benchmarks.ablations.retina import AnchorDetector
from tests.benchmarks.ablations.whole_scan import find_in_anchors

_SAMPLES = 8


class CaseMarks(NamedTuple):
    """Candidates of one case: positions on its 1 mm grid and both stages' logits."""

    centers_voxel: np.ndarray  # [n, 3] (z, y, x)
    diameters_mm: np.ndarray  # [n]
    detector: np.ndarray  # [n]
    refiner: np.ndarray  # [n]


class MarkReader:
    """Reads cases with one pair of networks.

    Args:
        networks: on the CPU, in evaluation mode.
        device: where the convolutions run.
        first_only: the second stage is not asked, its logits are 0.
    """

    def __init__(
        self, networks: TwoStage, *, device: torch.device, first_only: bool = False
    ) -> None:
        self.networks, self.device, self.first_only = networks, device, first_only
        ready = torch_networks(networks.detector, networks.refiner, device=device, half=False)
        self._find_by_heat = candidate_finder(ready.first, whole_box=False, mirrored=True)
        self._second = RefinementStage(ready.refinement, samples=_SAMPLES)
        self.detector = copy.deepcopy(networks.detector).to(device)

    @torch.no_grad()
    def read(self, case: TrainingCase) -> CaseMarks:
        """Find candidates and look at them again."""
        hu = case.hu
        places = self._find(hu, case.lung)
        positions = (places.centers_voxel, places.diameters_mm)
        if self.first_only or len(places.logits) == 0:
            return CaseMarks(*positions, places.logits, np.zeros_like(places.logits))
        logits = self._second.classify(cut(hu, *positions))
        return CaseMarks(*positions, places.logits, logits.mean(0))

    def _find(self, hu: np.ndarray, lung: np.ndarray) -> CandidateSet:
        if isinstance(self.detector, AnchorDetector):
            return find_in_anchors(hu, lung, self.detector, device=self.device)
        return self._find_by_heat(hu, lung)
