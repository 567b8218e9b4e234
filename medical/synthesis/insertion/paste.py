"""Sets rendered things into patches of lung, and says what of them can be seen."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from medical.synthesis.insertion.blur import gaussian_blur
from medical.synthesis.insertion.rendered import Rendered, ball_diameter

_VISIBLE_HU = 40.0  # least brightening that a reader could see
_AIR_HU = -500.0
_NOISE_MM = 1.5  # noise is finer than this
_VESSEL_HU, _SOFT_HU = -550.0, 40.0


def paste(
    hu: Tensor,
    label: Tensor,
    lung: Tensor,
    at: Tensor,
    made: Rendered,
    found: Tensor,
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
        found: ``[n]`` whether there is a place for it.
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
    inside = (inside & found[:, None, None, None]).reshape(count, -1)
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
    seen = found & (in_air > 0.35 * whole) & (mask.sum(1) > 8)
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
    return smooth + torch.sigmoid((hu - _VESSEL_HU) / _SOFT_HU) * (hu - smooth)
