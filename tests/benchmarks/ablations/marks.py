"""Marks of networks on a case, by torch on any device: the pipeline before calibration."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from medical.detection.candidate_crops import cut
from medical.detection.candidates import find_candidates
from medical.detection.uncertainty import SecondStage
from medical.retraining.cases import TrainingCase
from models.detector.refiner import Convolutions
from models.training.joint import TwoStage

_PASSES = 8
_CHUNK = 32


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
    """

    def __init__(self, networks: TwoStage, *, device: torch.device) -> None:
        self.networks, self.device = networks, device
        self.detector = copy.deepcopy(networks.detector).to(device)
        self.refiner = copy.deepcopy(networks.refiner).to(device)
        self._convolutions = Convolutions(self._judging, self.refiner.embed)

    @torch.no_grad()
    def read(self, case: TrainingCase) -> CaseMarks:
        """Find candidates and look at them again."""
        hu = case.hu
        found = find_candidates(hu, case.lung, self._detect)
        positions = (found.centers_voxel, found.diameters_mm)
        if len(found.logits) == 0:
            return CaseMarks(*positions, found.logits, found.logits)
        look = SecondStage(self.networks.refiner, self._convolutions, passes=_PASSES)
        logits = look.judge(cut(hu, *positions))
        return CaseMarks(*positions, found.logits, logits.mean(0))

    def _detect(self, window: Tensor) -> Tensor:
        said: Tensor = self.detector(window.to(self.device)).float().cpu()
        return said

    def _judging(self, near: Tensor, context: Tensor, near_mm: Tensor) -> Tensor:
        rows = zip(*(each.split(_CHUNK) for each in (near, context, near_mm)), strict=True)
        return torch.cat(
            [
                self.refiner.judging(*(each.to(self.device) for each in row)).float().cpu()
                for row in rows
            ]
        )
