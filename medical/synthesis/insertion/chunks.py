"""Balls of lung without a nodule, set into other lung the way real cubes are.

A network that sees seams only around nodules learns to find seams. These carry no label, so only
what lies within the seam can tell.
"""

from __future__ import annotations

import torch
from torch import Tensor

from medical.synthesis.insertion.background import Background, random_signs
from medical.synthesis.insertion.placement import place
from medical.synthesis.insertion.rendered import BOX, UNKNOWN, Rendered
from medical.synthesis.nodules.cubes import ball_window

_LEAST_MM, _MOST_MM = 10.0, 23.0  # radius; a real cube brings at least its nodule, at most this


def lung_chunks(back: Background) -> tuple[Rendered, Tensor]:
    """Cut one ball for each patch out of another patch of the batch.

    Args:
        back: the batch before anything is set into it; patches of one case follow each other.

    Returns:
        The balls and which of them were found ``[n]``; none holds a known or doubtful lesion.
    """
    count, device = len(back.hu), back.hu.device
    giver = (torch.arange(count, device=device) + count // 4 + 1) % count
    hu, lung = back.hu[giver], back.lung[giver]
    radius = _LEAST_MM + (_MOST_MM - _LEAST_MM) * torch.rand(count, device=device)
    taken = (back.valid | back.doubtful)[giver]
    at, found = place(hu, lung, back.centers[giver], back.diameters_mm[giver], taken, 2 * radius)
    p = hu.shape[-1]
    axis = torch.arange(BOX, device=device) - BOX // 2
    sign = random_signs(count, device).long()
    z, y, x = (
        (at[:, a, None].floor().long() + sign[:, a, None] * axis).clamp(0, p - 1) for a in range(3)
    )
    flat = (z[:, :, None, None] * p + y[:, None, :, None]) * p + x[:, None, None, :]
    cut = hu.reshape(count, -1).gather(1, flat.reshape(count, -1))
    away = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).float().norm(dim=-1)
    alpha = ball_window(away[None, None], radius.view(-1, 1, 1, 1, 1))
    return (
        Rendered(
            alpha,
            torch.zeros_like(alpha),
            cut.reshape(count, 1, BOX, BOX, BOX),
            alpha > 0.5,
            torch.ones(count, dtype=torch.bool, device=device),
            torch.full((count,), UNKNOWN, device=device),
            torch.zeros(count, dtype=torch.bool, device=device),
        ),
        found,
    )
