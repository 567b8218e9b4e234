"""What changes a whole patch: vessels laid across it, and another scanner's look."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from medical.synthesis.insertion.background import Background
from medical.synthesis.insertion.filters import gaussian_blur

_VESSEL_HU, _SOFT_HU = -700.0, 40.0  # what is denser is taken along
_EDGE = 5  # voxels in which they fade where one of the two lungs ends
_GROUPS = 4  # of patches that share a kernel: blurring patches one by one would be slow
_AIR_HU, _DENSE_HU = -1000.0, -500.0  # lung lies between
_CAP_HU = 400.0


def overlay_vessels(back: Background, *, share: float) -> None:
    """Add another patch's vessels to a share of the patches, in place.

    Nothing is taken from a patch that holds a lesion, known or to be ignored: it would be taught as
    background.

    Args:
        back: patches of one case follow each other; a quarter of them gives to another quarter.
        share: of the patches that are given some, before those without a giver are left out.
    """
    count = len(back.hu)
    giver = (torch.arange(count, device=back.hu.device) + count // 4) % count
    order = [2 + int(axis) for axis in torch.randperm(3)]
    mirrored = [axis for axis in (2, 3, 4) if float(torch.rand(())) < 0.5]

    def rotated(x: Tensor) -> Tensor:
        return x[giver].permute(0, 1, *order).flip(mirrored)

    giver_hu, giver_lung = rotated(back.hu), rotated(back.lung)
    inside = _mean_around(giver_lung)
    inside = inside.clamp(0, 1) ** 2 * back.lung.clamp(0, 1)
    takes = torch.rand(count, device=back.hu.device) < share
    takes &= ~(back.valid | back.ignore_regions).any(1)[giver]
    weight = torch.sigmoid((giver_hu - _VESSEL_HU) / _SOFT_HU) * inside
    weight = weight * takes.view(-1, 1, 1, 1, 1)
    back.hu.add_(weight * (giver_hu - back.hu).clamp(min=0))


def _mean_around(x: Tensor) -> Tensor:
    """Mean over a cube of ``_EDGE`` voxels, one axis after the other: fewer sums than at once."""
    for axis in range(3):
        width, pad = [1, 1, 1], [0, 0, 0]
        width[axis], pad[axis] = _EDGE, _EDGE // 2
        x = functional.avg_pool3d(x, width, 1, pad, count_include_pad=False)
    return x


def vary_scanner(hu: Tensor, *, strength: float) -> Tensor:
    """Vary patches ``[n, 1, p, p, p]`` of HU as if other scanners had made them.

    Args:
        hu: patches.
        strength: 0 (only kernels) to 1.
    """
    parts = [_kernel(part, strength) for part in hu.chunk(_GROUPS)]
    hu = torch.cat(parts)
    wide = (len(hu), 1, 1, 1, 1)
    share = torch.rand(wide, device=hu.device) * 2 - 1
    lung = hu.clamp(_AIR_HU, _DENSE_HU) - _AIR_HU
    span = _DENSE_HU - _AIR_HU
    # air in the lung: nothing at air and tissue, most between them
    hu = hu + 0.4 * strength * share * lung * (1 - lung / span)
    # the real cubes hold no more than 400 HU: nor shall much else, or that tells them apart
    capped = torch.rand(wide, device=hu.device) < 0.4 * strength
    hu = torch.where(capped, hu.clamp(max=_CAP_HU), hu)
    gain = 1 + (0.04 + 0.03 * strength) * (torch.rand(wide, device=hu.device) - 0.5)
    shift = (40 + 20 * strength) * (torch.rand(wide, device=hu.device) - 0.5)
    return hu * gain + shift


def _kernel(hu: Tensor, strength: float) -> Tensor:
    """One kernel, slice thickness and grain of noise for all; the dose differs."""
    which, how, grain = torch.rand(3).tolist()
    if which < 0.15:
        hu = gaussian_blur(hu, (0.3 + (1.0 + 0.8 * strength) * how, 0.4, 0.4))
    elif which < 0.3:
        hu = gaussian_blur(hu, (0.3 + 0.6 * how,) * 3)
    elif which < 0.5:
        hu = hu + (0.2 + 0.6 * how) * (hu - gaussian_blur(hu, (0.8, 0.8, 0.8)))
    width = 0.5 + strength * 0.4 * (grain - 0.3)
    noise = gaussian_blur(torch.randn_like(hu), (width,) * 3) * (width / 0.5) ** 1.5
    dose = torch.rand((len(hu), 1, 1, 1, 1), device=hu.device)
    noisy: Tensor = hu + noise * (60 + 30 * strength) * dose**2
    return noisy
