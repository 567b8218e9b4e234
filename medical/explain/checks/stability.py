"""Does the map stay as it should: like itself on a second look, unlike itself on a random network.

Repeatability: the same finding, seen again a little differently (the crop's grid moved by a voxel
or two, noise like another acquisition's added), must give the same map. Cascading randomisation:
the network's parts are drawn anew one after another, from the output down; a map that survives it
does not depend on what was learned.

Two maps that are zero almost everywhere look alike there whatever they show. So similarity counts
in the finding's neighbourhood only, each voxel by the larger of the two maps' values, and a map
that is empty is like no other.

Source:
    Repeatability: Arun et al., Radiology: Artificial Intelligence 2021;3:e200267, in which all
    methods tested failed at least one of localisation, randomisation, repeatability and
    reproducibility.
    Randomisation: Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018 (arXiv 1810.03292).
    SSIM: Wang et al., IEEE TIP 2004;13:600, by MONAI in 3D, window 7.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import numpy as np
import torch
from monai.metrics.regression import compute_ssim_and_cs
from torch import nn

from medical.explain.subject import Crop, Explanation, Subject

_WINDOW = 7
PASSES_BELOW = 0.5
"""A map passes when its mean similarity to that of a wholly random network is below this."""
AnySubject = TypeVar("AnySubject", bound=Subject)
SHIFT = (1, -2, 1)
NOISE_HU = 15.0
_SEED = 17


def ssim(first: Explanation, second: Explanation) -> float:
    """Structural similarity, 1 for equal maps, about 0 for unlike ones.

    Raises:
        ValueError: the maps belong to crops of different shape.
    """
    if first.values.shape != second.values.shape:
        raise ValueError(
            f"maps of {first.values.shape} and {second.values.shape} cannot be compared"
        )
    if not first.values.any() or not second.values.any():
        return 0.0
    near = first.crop.near()
    a, b = (torch.from_numpy(each.values[near].copy())[None, None] for each in (first, second))
    alike, _ = compute_ssim_and_cs(
        a,
        b,
        spatial_dims=3,
        kernel_size=(_WINDOW,) * 3,
        kernel_sigma=(1.5,) * 3,  # not used by a uniform kernel
        data_range=1.0,
        kernel_type="uniform",
    )
    rim = slice(_WINDOW // 2, -(_WINDOW // 2))
    weight = torch.maximum(a, b)[..., rim, rim, rim]
    total = float(weight.sum())
    return float((alike * weight).sum()) / total if total > 0 else 0.0


def cascade(subject: AnySubject, *, seed: int = 0) -> Iterator[tuple[str, AnySubject]]:
    """Name of the part just drawn anew, and the subject with all parts so far; yours is kept."""
    own = copy.deepcopy(subject)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        drawn = []
        for name, parts in own.stages():
            for part in parts:
                redraw(part)
            drawn.append((name, copy.deepcopy(own)))
    yield from drawn


def wholly_random(subject: AnySubject, *, seed: int = 0) -> AnySubject:
    """Return the subject with every part drawn anew."""
    return list(cascade(subject, seed=seed))[-1][1]


def similarity_to_random(
    explain: Callable[[AnySubject], Explanation],
    subject: AnySubject,
    original: Explanation,
    *,
    seed: int = 0,
) -> float:
    """SSIM of a map with the one that a wholly random network gives for the same finding."""
    return ssim(original, explain(wholly_random(subject, seed=seed)))


def redraw(part: nn.Module) -> None:
    """Initialise every layer anew; bare parameters, which have no such method, are shuffled."""
    reset: set[int] = set()
    for module in part.modules():
        method = getattr(module, "reset_parameters", None)
        if callable(method):
            method()
            reset |= {id(p) for p in module.parameters(recurse=False)}
    with torch.no_grad():
        for parameter in part.parameters():
            if id(parameter) not in reset:
                order = torch.randperm(parameter.numel(), device=parameter.device)
                parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))


def seen_again(crop: Crop, *, shift: tuple[int, int, int] = SHIFT, seed: int = _SEED) -> Crop:
    """Shift the crop by ``shift`` voxels and add noise; the finding is the same.

    Where the moved crop leaves the old one its edge is repeated.
    """
    index = [np.clip(np.arange(n) + s, 0, n - 1) for n, s in zip(crop.hu.shape, shift, strict=True)]
    hu = crop.hu[np.ix_(*index)]
    noise = np.random.default_rng(seed).normal(0.0, NOISE_HU, hu.shape)
    stop = [s + n for s, n in zip(shift, crop.hu.shape, strict=True)]
    z, y, x = (c - s for c, s in zip(crop.center_voxel, shift, strict=True))
    return replace(
        crop,
        hu=(hu + noise).astype(np.float32),
        geometry=crop.geometry.cropped(shift, (stop[0], stop[1], stop[2])),
        center_voxel=(z, y, x),
    )


def laid_back(again: Explanation, crop: Crop) -> Explanation:
    """Lay a map of the crop seen again on the first crop's grid.

    Raises:
        ValueError: the two grids are not whole voxels apart.
    """
    exact = crop.geometry.lps_to_voxel(again.geometry.origin_lps_mm)
    shift = np.round(exact).astype(int)
    if np.abs(exact - shift).max() > 1e-3:
        raise ValueError(f"grids must be whole voxels apart, got {exact.tolist()}")
    index = [
        np.clip(np.arange(n) - s, 0, n - 1)
        for n, s in zip(again.values.shape, shift.tolist(), strict=True)
    ]
    return replace(again, values=again.values[np.ix_(*index)], crop=crop)
