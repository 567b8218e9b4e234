"""Where to set a nodule, and setting it: free lung, at the pleura, or at a vessel; not on another.

What of a thing can be seen is said beside it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from medical.synthesis.insertion.filters import gaussian_blur
from medical.synthesis.insertion.rendered import Rendered, ball_diameter

_CELL = 4
_MARGIN = 2  # cells at the patch's edge that stay free
_VESSEL_HU = -500.0
_KEEP_APART_MM = 6.0
_VISIBLE_HU = 40.0  # least brightening that a reader could see
_AIR_HU = -500.0
_NOISE_MM = 1.5  # noise is finer than this
_COVERED_HU, _SOFT_HU = -550.0, 40.0


def place(
    hu: Tensor, lung: Tensor, centers: Tensor, diameters_mm: Tensor, taken: Tensor, new_mm: Tensor
) -> tuple[Tensor, Tensor]:
    """Choose one position a patch.

    Args:
        hu: ``[n, 1, p, p, p]``.
        lung: ``[n, 1, p, p, p]`` in [0, 1].
        centers: ``[n, k, 3]`` what is already there.
        diameters_mm: ``[n, k]``.
        taken: ``[n, k]`` which of those count.
        new_mm: ``[n]`` diameter of the newcomer.

    Returns:
        Position ``[n, 3]`` in voxels and whether one was found ``[n]``.
    """
    count, device = len(hu), hu.device
    inside = functional.avg_pool3d(lung, _CELL)
    vessel = functional.avg_pool3d((hu > _VESSEL_HU).float() * lung, _CELL)
    kind = torch.rand(count, 1, 1, 1, 1, device=device)
    edge = inside * (1 - inside) * 4
    weight = torch.where(kind < 0.5, inside, torch.where(kind < 0.75, edge, vessel))
    frame = torch.zeros_like(weight)
    keep = slice(_MARGIN, -_MARGIN)
    frame[:, :, keep, keep, keep] = 1
    # interpolation leaves lung a hair above 1 at places; a negative weight would be refused
    weight = (weight.clamp(min=0) * frame)[:, 0]
    cells = weight.shape[-1]
    axis = (torch.arange(cells, device=device) + 0.5) * _CELL - 0.5
    spot = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(1, -1, 3)
    flat = weight.reshape(count, -1)
    for slot in range(centers.shape[1]):
        apart = (diameters_mm[:, slot] + new_mm) / 2 + _KEEP_APART_MM
        near = (spot - centers[:, slot, None]).norm(dim=-1) < apart[:, None]
        flat = flat * ~(near & taken[:, slot, None])
    placed = flat.sum(1) > 1e-3
    index = torch.multinomial(torch.where(placed[:, None], flat, torch.ones_like(flat)), 1)[:, 0]
    jitter = (torch.rand(count, 3, device=device) - 0.5) * _CELL
    return spot[0, index] + jitter, placed


def paste(
    hu: Tensor,
    label: Tensor,
    lung: Tensor,
    at: Tensor,
    made: Rendered,
    placed: Tensor,
    *,
    index: int,
) -> tuple[Tensor, Tensor]:
    """Write things into patches, in place.

    Args:
        hu: ``[n, 1, p, p, p]``, written.
        label: the same shape, written: ``index`` where the thing's nodule shows.
        lung: the same shape, in [0, 1]: surroundings that a thing brings along show only there.
        at: ``[n, 3]`` where to set it; becomes the middle of what shows.
        made: one thing a patch.
        placed: ``[n]`` whether there is a place for it.
        index: what to write into ``label``.

    Returns:
        Diameter of what shows ``[n]``, millimetres, and whether the thing was set ``[n]``.
    """
    count, p, box = len(hu), hu.shape[-1], made.hu.shape[-1]
    axis = torch.arange(box, device=hu.device) - box // 2
    spots = [at[:, a, None].floor().long() + axis for a in range(3)]
    ok = [(s >= 0) & (s < p) for s in spots]
    z, y, x = (s.clamp(0, p - 1) for s in spots)
    flat = (z[:, :, None, None] * p + y[:, None, :, None]) * p + x[:, None, None, :]
    inside = ok[0][:, :, None, None] & ok[1][:, None, :, None] & ok[2][:, None, None, :]
    inside = (inside & placed[:, None, None, None]).reshape(count, -1)
    before = hu.reshape(count, -1).gather(1, flat.reshape(count, -1))
    under = _without_noise(before.reshape(made.hu.shape)).reshape(count, -1)
    # what falls outside is written to one spare voxel behind the patch
    flat = torch.where(inside, flat.reshape(count, -1), p**3)
    padded = functional.pad(hu.reshape(count, -1), (0, 1))
    in_lung = lung.reshape(count, -1).gather(1, flat.clamp(max=p**3 - 1)).clamp(0, 1)
    alpha, core, thing = (part.reshape(count, -1) for part in (made.alpha, made.core, made.hu))
    alpha = core + (alpha - core).clamp(min=0) * in_lung
    brighter = (thing - under).clamp(min=0)
    after = before + alpha * torch.where(made.replace[:, None], thing - before, brighter)
    mask = made.mask.reshape(count, -1)
    whole = mask.sum(1)
    # a nodule inside the chest wall cannot be seen: neither set nor taught
    mask = mask & inside & (made.replace[:, None] | (after - before > _VISIBLE_HU))
    in_air = (mask & (before < _AIR_HU)).sum(1)
    seen = placed & (in_air > 0.35 * whole) & (mask.sum(1) > 8)
    padded.scatter_(1, flat, torch.where(seen[:, None], after, before))
    hu.copy_(padded[:, :-1].reshape(hu.shape))
    mask = mask & (made.is_nodule & seen)[:, None]
    marked = functional.pad(label.reshape(count, -1), (0, 1))
    current = marked.gather(1, flat)
    marked.scatter_(1, flat, torch.where(mask, float(index), current))
    label.copy_(marked[:, :-1].reshape(label.shape))
    voxels = mask.sum(1)
    middle = torch.stack(
        [
            (mask.reshape(count, box, box, box).sum(other) * spot).sum(1) / voxels.clamp(min=1)
            for spot, other in zip((z, y, x), ((2, 3), (1, 3), (1, 2)), strict=True)
        ],
        dim=1,
    )
    at.copy_(torch.where(mask.any(1)[:, None], middle, at))
    return ball_diameter(voxels).clamp(min=2.0), seen


def _without_noise(hu: Tensor) -> Tensor:
    """Smooth the lung behind a thing, so that the noise stays when the thing is added.

    Vessels and walls stay as they are: a thing that covers them hides behind what is brighter.
    """
    smooth = gaussian_blur(hu, (_NOISE_MM,) * 3)
    return smooth + torch.sigmoid((hu - _COVERED_HU) / _SOFT_HU) * (hu - smooth)
