"""From the detector's map to candidates."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from models.detector.contract import HEAT, LOG_DIAMETER, OFFSET, STRIDE


class Candidates(NamedTuple):
    """The strongest ``k`` local maxima of each of ``n`` maps."""

    centers: Tensor  # [n, k, 3] (z, y, x) voxels of the detector's input
    diameters_mm: Tensor  # [n, k]
    logits: Tensor  # [n, k]


def find_peaks(output: Tensor, *, most: int) -> Candidates:
    """Take local maxima of the heat (3x3x3), strongest first.

    Args:
        output: ``[n, 5 or more, z, y, x]`` in the detector's output contract.
        most: how many a map, at most the number of cells.
    """
    output = output.float()
    heat = output[:, HEAT : HEAT + 1]
    top = functional.max_pool3d(heat, 3, stride=1, padding=1)
    heat = torch.where(heat == top, heat, torch.full_like(heat, -1e4)).flatten(1)
    logits, index = heat.topk(min(most, heat.shape[1]), dim=1)
    height, width = output.shape[3:]
    cell = torch.stack([index // (height * width), index // width % height, index % width], -1)
    flat = output.flatten(2)
    at_peaks = flat.gather(2, index[:, None].expand(-1, flat.shape[1], -1))
    position = cell + at_peaks[:, OFFSET].transpose(1, 2).clamp(-1, 1)
    centers = (position + 0.5) * STRIDE - 0.5
    return Candidates(centers, at_peaks[:, LOG_DIAMETER].clamp(0.5, 4.6).exp(), logits)
