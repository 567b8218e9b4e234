"""Distractors: things that are no nodules, set into lung by the same means and without a label.

A network that only ever sees inserted nodules learns to find insertion, and one that sees seams
only around nodules learns to find seams. Tubes, forks and bands have the same blending and texture;
balls of lung without a nodule are set into other lung the way real cubes are. So only the shape,
and what lies within the seam, can tell.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from medical.synthesis.insertion.background import Background, random_signs
from medical.synthesis.insertion.placement import place
from medical.synthesis.insertion.rendered import BOX, UNKNOWN, Rendered, ball_window
from medical.synthesis.nodules.contours import EDGE

Rng = np.random.Generator
_MIN_MM, _MAX_MM = 10.0, 23.0  # radius; a real cube brings at least its nodule, at most this


@lru_cache(maxsize=4)  # drawing takes seconds, and every engine of a process needs the same
def distractor_shapes(count: int, *, seed: int) -> Bool[np.ndarray, "count 48 48 48"]:
    """Draw ``count`` shapes: vessels, vessel forks and scar-like bands, in turn.

    Args:
        count: how many.
        seed: of the random draw.

    Returns:
        Shared between callers: read only.
    """
    rng = np.random.default_rng(seed)
    makers = (_tube, _fork, _band)
    shapes = np.stack([makers[i % len(makers)](rng) for i in range(count)])
    shapes.flags.writeable = False
    return shapes


def _grid() -> Float[np.ndarray, "n 3"]:
    axis = np.arange(EDGE) - (EDGE - 1) / 2
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


def _unit(rng: Rng) -> Float[np.ndarray, 3]:
    direction = rng.normal(size=3)
    return np.asarray(direction / np.linalg.norm(direction))


def _along(
    points: Float[np.ndarray, "k 3"], radii: Float[np.ndarray, " k"]
) -> Bool[np.ndarray, "48 48 48"]:
    grid = _grid()
    inside = np.zeros(len(grid), bool)
    for point, radius in zip(points, radii, strict=True):
        inside |= ((grid - point) ** 2).sum(1) < radius**2
    return inside.reshape(EDGE, EDGE, EDGE)


def _curve(
    start: np.ndarray, deformation: np.ndarray, end: np.ndarray
) -> Float[np.ndarray, "48 3"]:
    t = np.linspace(0, 1, EDGE)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * deformation + t**2 * end)


def _tube(rng: Rng) -> Bool[np.ndarray, "48 48 48"]:
    direction = _unit(rng)
    radii = np.linspace(rng.uniform(1.8, 5), rng.uniform(1.2, 3), EDGE)
    return _along(_curve(-21 * direction, rng.normal(size=3) * 8, 21 * direction), radii)


def _fork(rng: Rng) -> Bool[np.ndarray, "48 48 48"]:
    trunk, joint = -20 * _unit(rng), rng.normal(size=3) * 2
    shape = np.zeros((EDGE, EDGE, EDGE), bool)
    width = rng.uniform(2, 5)
    for end, scale in ((trunk, 1.0), (20 * _unit(rng), 0.75), (20 * _unit(rng), 0.6)):
        deformation = (joint + end) / 2 + rng.normal(size=3) * 3
        shape |= _along(_curve(joint, deformation, end), np.full(EDGE, width * scale))
    return shape


def _band(rng: Rng) -> Bool[np.ndarray, "48 48 48"]:
    grid = _grid()
    normal, along = _unit(rng), _unit(rng)
    across = np.cross(normal, along)
    along = np.cross(across, normal)
    height = grid @ normal - rng.uniform(-0.01, 0.01) * (grid @ along) ** 2
    near = (grid @ along / rng.uniform(14, 22)) ** 2 + (grid @ across / rng.uniform(5, 14)) ** 2
    return np.asarray((np.abs(height) < rng.uniform(1.0, 2.5)) & (near < 1)).reshape(
        EDGE, EDGE, EDGE
    )


def lung_distractors(back: Background) -> tuple[Rendered, Tensor]:
    """Cut one ball for each patch out of another patch of the batch.

    Args:
        back: the batch before anything is set into it; patches of one case follow each other.

    Returns:
        The balls and which of them were found ``[n]``; none holds a lesion or an ignore region.
    """
    count, device = len(back.hu), back.hu.device
    giver = (torch.arange(count, device=device) + count // 4 + 1) % count
    hu, lung = back.hu[giver], back.lung[giver]
    radius = _MIN_MM + (_MAX_MM - _MIN_MM) * torch.rand(count, device=device)
    taken = (back.valid | back.ignore_regions)[giver]
    at, placed = place(hu, lung, back.centers[giver], back.diameters_mm[giver], taken, 2 * radius)
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
        placed,
    )
