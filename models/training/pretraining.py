"""Masked reconstruction: a detector learns what CT looks like before anyone has marked a nodule.

Blocks of the image are hidden and the network paints them from what is around (SimMIM, Xie et al.,
arXiv 2111.09886, in 3D); encoder and pyramid are then kept, the painter is thrown away.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.detector.contract import STRIDE
from models.detector.detector import Detector

BLOCK_MM = 16
HIDDEN_SHARE = 0.6


class Images(Protocol):
    """What a step needs: patches, no labels."""

    @property
    def image(self) -> Tensor: ...  # noqa: D102


class MaskedReconstruction(nn.Module):
    """A detector's encoder and pyramid with a linear painter on top.

    Args:
        detector: whose encoder and pyramid learn, in place.
        channels: of the pyramid's map.
    """

    def __init__(self, detector: Detector, *, channels: int) -> None:
        super().__init__()
        self.encoder, self.pyramid = detector.encoder, detector.pyramid
        self.hidden = nn.Parameter(torch.zeros(1))
        self.paint = nn.Conv3d(channels, STRIDE**3, kernel_size=1)

    def losses(self, batch: Images) -> dict[str, Tensor]:
        """Mean absolute error where the image was hidden, in units of the normalised image."""
        image = batch.image
        hidden = hide_blocks(image)
        predicted = self.paint(self.pyramid(self.encoder(torch.where(hidden, self.hidden, image))))
        error = (unfold_cells(predicted.float()) - image.float()).abs()
        return {"paint": (error * hidden).sum() / hidden.sum().clamp(min=1)}


def hide_blocks(image: Tensor) -> Tensor:
    """``[n, 1, p, p, p]`` bool: which voxels are hidden, in whole blocks."""
    shape = [-(-size // BLOCK_MM) for size in image.shape[2:]]
    draw = torch.rand(image.shape[0], 1, *shape, device=image.device) < HIDDEN_SHARE
    wide = functional.interpolate(draw.float(), scale_factor=float(BLOCK_MM)) > 0.5
    z, y, x = image.shape[2:]
    return wide[:, :, :z, :y, :x]


def unfold_cells(predicted: Tensor) -> Tensor:
    """``[n, STRIDE**3, g, g, g]`` to ``[n, 1, g * STRIDE, ...]``, a cube of voxels a cell."""
    n, _, *cells = predicted.shape
    cube = predicted.reshape(n, STRIDE, STRIDE, STRIDE, *cells).permute(0, 4, 1, 5, 2, 6, 3)
    return cube.reshape(n, 1, *(size * STRIDE for size in cells))
