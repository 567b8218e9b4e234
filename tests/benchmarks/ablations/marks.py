"""Marks of networks on a case, by torch on any device: the pipeline before calibration."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from medical.detection.candidates import CandidateSet, find_candidates
from medical.detection.refinement import RefinementStage, cut
from medical.synthesis.case import TrainingCase
from models.detector.refiner import Convolutions
from models.training.two_stage import TwoStage
from tests.benchmarks.ablations.retina import AnchorDetector
from tests.benchmarks.ablations.whole_scan import find_in_anchors

_SAMPLES = 8
_CROPS_AT_ONCE = 32


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
        self.detector = copy.deepcopy(networks.detector).to(device)
        self.refiner = copy.deepcopy(networks.refiner).to(device)

    @torch.no_grad()
    def read(self, case: TrainingCase) -> CaseMarks:
        """Find candidates and look at them again."""
        hu = case.hu
        places = self._find(hu, case.lung)
        positions = (places.centers_voxel, places.diameters_mm)
        if self.first_only or len(places.logits) == 0:
            return CaseMarks(*positions, places.logits, np.zeros_like(places.logits))
        convolutions = Convolutions(self._judging, self.refiner.embed)
        second = RefinementStage(self.networks.refiner, convolutions, samples=_SAMPLES)
        logits = second.classify(cut(hu, *positions))
        return CaseMarks(*positions, places.logits, logits.mean(0))

    def _find(self, hu: np.ndarray, lung: np.ndarray) -> CandidateSet:
        if isinstance(self.detector, AnchorDetector):
            return find_in_anchors(hu, lung, self.detector, device=self.device)
        return find_candidates(hu, lung, self._detect)

    def _detect(self, window: Tensor) -> Tensor:
        scores: Tensor = self.detector(window.to(self.device)).float().cpu()
        return scores

    def _judging(self, near: Tensor, context: Tensor, near_mm: Tensor) -> Tensor:
        rows = zip(*(each.split(_CROPS_AT_ONCE) for each in (near, context, near_mm)), strict=True)
        return torch.cat(
            [
                self.refiner.classifier_features(*(each.to(self.device) for each in row))
                .float()
                .cpu()
                for row in rows
            ]
        )
