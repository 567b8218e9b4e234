"""What networks say of a whole scan in one pass: candidates, and the second stage's logits."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from medical.detection.candidates import candidates_in
from medical.detection.refinement import RefinementStage, cut
from medical.synthesis.case import TrainingCase
from models.detector.detector import STRIDE
from models.detector.mirrors import in_mirrors
from models.detector.normalise import normalise
from models.detector.refiner import Convolutions
from models.training.two_stage import TwoStage
from tests.benchmarks.ablations.marks import CaseMarks

_MULTIPLE, _LEAST = 16, 64  # what strides and neighbourhoods of the network need
_SAMPLES, _CROPS_AT_ONCE = 8, 64


class WholeBox:
    """Reads cases with one pair of networks, the whole box of the lungs at once.

    Args:
        networks: on the CPU, in evaluation mode.
        device: where the convolutions run.
        views: 1, or 2 for the mean with the mirror image.
    """

    def __init__(self, networks: TwoStage, *, device: torch.device, views: int) -> None:
        self.networks, self.device = networks, device
        self.detector = copy.deepcopy(networks.detector).to(device)
        self.refiner = copy.deepcopy(networks.refiner).to(device)
        self.see: Callable[[Tensor], Tensor] = self.detector
        if views == 2:
            self.see = in_mirrors(self.detector)

    @torch.no_grad()
    def read(self, case: TrainingCase) -> CaseMarks:
        """Find candidates and judge each."""
        hu = case.hu
        image = normalise(torch.from_numpy(hu))[None, None]
        wanted = [max(_LEAST, n + -n % _MULTIPLE) for n in hu.shape]
        pad = [
            p for n, w in zip(reversed(hu.shape), reversed(wanted), strict=True) for p in (0, w - n)
        ]
        image = functional.pad(image, pad, mode="replicate").to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            output = self.see(image)
        z, y, x = (-(-n // STRIDE) for n in hu.shape)
        found = candidates_in(output.float().cpu()[:, :, :z, :y, :x], case.lung)
        if len(found.logits) == 0:
            return CaseMarks(found.centers_voxel, found.diameters_mm, found.logits, found.logits)
        convolutions = Convolutions(self._judging, self.refiner.embed)
        second = RefinementStage(self.networks.refiner, convolutions, samples=_SAMPLES)
        logits = second.classify(cut(hu, found.centers_voxel, found.diameters_mm))
        return CaseMarks(found.centers_voxel, found.diameters_mm, found.logits, logits.mean(0))

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
