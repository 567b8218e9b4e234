"""A finding of our own detector, as a subject of explanation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from medical.explain.subject import Crop, Subject
from models.detector.contract import (
    CONTEXT_FACTOR,
    CROP,
    HEAT,
    LOG_DIAMETER,
    STRIDE,
    near_extent_mm,
)
from models.detector.crops import crop_around
from models.detector.detector import Detector
from models.detector.peaks import Candidates, find_peaks
from models.detector.refiner import Refiner
from models.training.two_stage import TwoStage

_MAX_TARGETS = 8
_REACH = 1  # cells around the finding's own, as its peak may move by one when the crop moves


class StarLungFinding(Subject):
    """The first stage's opinion at one place, and the second stage's mask there.

    The class is the highest heat logit within one cell of the finding's (4 mm), the box the
    ln(diameter / mm) that stands there. The second stage is not part of the two numbers: it only
    gives the mask of the finding.

    Args:
        detector: first stage.
        refiner: second stage.
        center_voxel: (z, y, x) of the finding in the crop.
        diameter_mm: of its box.
    """

    def __init__(
        self,
        detector: Detector,
        refiner: Refiner,
        *,
        center_voxel: Sequence[float],
        diameter_mm: float,
    ) -> None:
        super().__init__()
        self.detector, self.refiner = detector, refiner
        self.center_voxel, self.diameter_mm = tuple(center_voxel), diameter_mm
        self.eval()

    @classmethod
    def of(cls, networks: TwoStage, crop: Crop) -> Self:
        """Return the finding of a crop."""
        return cls(
            networks.detector,
            networks.refiner,
            center_voxel=crop.center_voxel,
            diameter_mm=crop.diameter_mm,
        )

    @property
    def cam_layer(self) -> str:
        """The last convolution that all heads share, at stride 4, behind the gate."""
        return "detector.heads.shared"

    @property
    def gate_layer(self) -> str:
        """The supervised spatial attention at stride 4."""
        return "detector.attention.score"

    def forward(self, x: Tensor) -> Tensor:
        """``[b, 1, z, y, x]`` to ``[b, 2]``: heat logit and ln(diameter / mm) of the finding."""
        output = self.detector(x)
        cell = [int((c + 0.5) // STRIDE) for c in self.center_voxel]
        z, y, x_ = (slice(max(0, c - _REACH), c + _REACH + 1) for c in cell)
        around = output[:, :, z, y, x_].flatten(2).float()
        best = around[:, HEAT].argmax(1)
        rows = torch.arange(len(x), device=x.device)
        return torch.stack([around[rows, HEAT, best], around[rows, LOG_DIAMETER, best]], 1)

    def candidates(self, x: Tensor) -> Candidates:
        """Return the strongest peaks of the first stage."""
        return find_peaks(self.detector(x), most=_MAX_TARGETS)

    def mask(self, x: Tensor) -> Tensor:
        """Return the second stage's probability ``[1, 1, z, y, x]``; 0 beyond its near crop."""
        center = torch.tensor([self.center_voxel], dtype=torch.float32)
        extent = near_extent_mm(torch.tensor([self.diameter_mm]))
        near = crop_around(x, center, extent, size=CROP)
        context = crop_around(x, center, extent * CONTEXT_FACTOR, size=CROP)
        small = torch.sigmoid(self.refiner.embed(near, context, extent).mask_logits)
        return _back_into(small, x, center=center[0], extent=float(extent[0]))

    def stages(self) -> tuple[tuple[str, tuple[nn.Module, ...]], ...]:
        """Heads; gates; the fused maps; the encoders."""
        d, r = self.detector, self.refiner
        return (
            ("heads", (d.heads, r.hidden1, r.hidden2, r.out, r.mask, *_classifier_layers(r))),
            ("gates", (d.attention, r.up1, r.up2)),
            ("fusion", (d.pyramid, r.near.stage4, r.context.stage4)),
            ("encoder", (d.encoder, r.near, r.context, *_classifier_streams(r))),
        )


def _classifier_layers(refiner: Refiner) -> tuple[nn.Module, ...]:
    own = refiner.own
    return () if own is None else (own.hidden1, own.hidden2, own.out)


def _classifier_streams(refiner: Refiner) -> tuple[nn.Module, ...]:
    own = refiner.own
    return () if own is None else (own.near, own.context)


def _back_into(small: Tensor, like: Tensor, *, center: Tensor, extent: float) -> Tensor:
    """Set a cube of ``extent`` voxels around ``center`` into the grid of ``like``, trilinearly."""
    axes = [
        (torch.arange(n, dtype=torch.float32) - float(c)) * (2 / extent)
        for n, c in zip(like.shape[2:], center, strict=True)
    ]
    z, y, x = torch.meshgrid(*axes, indexing="ij")
    grid = torch.stack([x, y, z], -1)[None]
    return nn.functional.grid_sample(small, grid, padding_mode="zeros", align_corners=False)
