"""From many boxes to one a place: the output contract of ``models.detector.detector``."""

from __future__ import annotations

import torch
from torch import Tensor

from models.detector.contract import ATTENTION, CHANNELS_OUT, HEAT, LOG_DIAMETER, OFFSET, STRIDE

NOWHERE_LOGIT = -12.0


def strongest_box(logits: Tensor, boxes: Tensor, *, size: tuple[int, ...]) -> Tensor:
    """Put the strongest of the boxes whose middle lies in a cell there.

    Args:
        logits: ``[n, a]``.
        boxes: ``[n, a, 6]`` lower and upper (z, y, x) in voxels, corners at voxel faces.
        size: (z, y, x) voxels that the boxes lie in; a middle beyond them goes to the nearest cell.

    Returns:
        ``[n, 6, z/4, y/4, x/4]``: logit, offset of the box's middle, log of its mean edge, and the
        logit again for want of an attention map. A cell without a box has ``NOWHERE_LOGIT``.
    """
    cells = tuple(length // STRIDE for length in size)
    low, high = boxes.split(3, dim=-1)
    position = (low + high) / (2 * STRIDE) - 0.5
    last = torch.tensor(cells, device=boxes.device) - 1
    nearest = position.round().clamp(min=0).minimum(last)
    z, y, x = nearest.long().unbind(-1)
    index = (z * cells[1] + y) * cells[2] + x
    count = cells[0] * cells[1] * cells[2]
    heat = logits.new_full((len(logits), count), NOWHERE_LOGIT)
    heat = heat.scatter_reduce(1, index, logits, "amax")
    number = torch.arange(logits.shape[1], device=logits.device).expand_as(index)
    number = torch.where(logits == heat.gather(1, index), number, -1)
    winner = index.new_full(heat.shape, -1).scatter_reduce(1, index, number, "amax")
    chosen = winner.clamp(min=0)[..., None].expand(-1, -1, 3)
    filled = (winner >= 0)[..., None]
    offset = torch.where(filled, (position - nearest).gather(1, chosen), 0.0)
    edges = torch.where(filled, (high - low).gather(1, chosen), 1.0)
    output = heat.new_zeros(len(heat), CHANNELS_OUT, count)
    output[:, HEAT] = output[:, ATTENTION] = heat
    output[:, OFFSET] = offset.transpose(1, 2)
    output[:, LOG_DIAMETER] = edges.clamp(min=0.1).log().mean(-1)
    return output.view(len(heat), CHANNELS_OUT, *cells)
