"""Whole scans with nodules set into them: to measure a detector as it is used.

A hybrid scan is a real lung with inserted nodules: a figure made of it is a figure on inserted
nodules, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor
from torch.nn import functional

from medical.synthesis.case import TrainingCase, hu_to_code
from medical.synthesis.insertion.background import slice_blur_mm
from medical.synthesis.insertion.placement import paste, place
from medical.synthesis.insertion.render import Renderer

_PATCH = 96
_TRIES = 8
_RIM = (3, 9)  # widths between which the lung around a nodule is taken


@dataclass(frozen=True, slots=True)
class InsertedNodule:
    """One nodule of a hybrid scan.

    Args:
        center_voxel: (z, y, x) on the scan's 1 mm grid.
        diameter_mm: of the ball of the volume that shows.
        density: index into ``models.detector.refiner.DENSITIES``; -1 for a real cube.
        contrast_hu: how much brighter the nodule is than the lung around it.
        label: what stands for it in ``InsertionScan.label``.
    """

    center_voxel: tuple[float, float, float]
    diameter_mm: float
    density: int
    contrast_hu: float
    label: int


@dataclass(frozen=True, slots=True, eq=False)
class InsertionScan:
    """A case with nodules inserted; ``case.nodules`` stays what really is in the scan.

    Args:
        case: the scan with the nodules.
        inserted: what was set into it and is to be found.
        ignored: what was set into it and counts neither as found nor as missed.
        label: ``[z, y, x]`` 0, or the ``label`` of the nodule that shows in a voxel.
    """

    case: TrainingCase
    inserted: tuple[InsertedNodule, ...]
    label: UInt8[np.ndarray, "z y x"]
    ignored: tuple[InsertedNodule, ...] = ()


def make_insertion_scan(
    case: TrainingCase,
    renderer: Renderer,
    *,
    diameters_mm: Float32[np.ndarray, " n"],
    seed: int,
) -> InsertionScan:
    """Set nodules into a whole scan, apart from each other and from its real lesions.

    Args:
        case: the scan as it is.
        renderer: of held-out nodules, on the CPU, without look-alikes.
        diameters_mm: wished for; one for which no place shows it is left out.
        seed: of places, shapes and densities.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        hu = torch.from_numpy(case.hu)[None, None]
        label = torch.zeros_like(hu, dtype=torch.uint8)
        lung = torch.from_numpy(case.lung).float()[None, None]
        known = torch.from_numpy(case.nodules)
        taken_at, taken_mm = known[:, :3], known[:, 3]
        slice_blur = torch.tensor([[slice_blur_mm(case.slice_mm), 0.0, 0.0]])
        inserted: list[InsertedNodule] = []
        for wish_mm in diameters_mm.tolist():
            for _ in range(_TRIES):
                result = _insert(
                    hu,
                    label,
                    lung,
                    taken_at,
                    taken_mm,
                    renderer,
                    wish_mm,
                    slice_blur,
                    index=len(inserted) + 1,
                )
                if result is not None:
                    inserted.append(result)
                    taken_at = torch.cat([taken_at, torch.tensor([result.center_voxel])])
                    taken_mm = torch.cat([taken_mm, torch.tensor([result.diameter_mm])])
                    break
    code = hu_to_code(hu[0, 0].numpy())
    made = replace(case, name=f"{case.name}+{seed}", code=code)
    return InsertionScan(made, tuple(inserted), label[0, 0].numpy())


def _insert(
    hu: Tensor,
    label: Tensor,
    lung: Tensor,
    taken_at: Tensor,
    taken_mm: Tensor,
    renderer: Renderer,
    wish_mm: float,
    slice_blur: Tensor,
    *,
    index: int,
) -> InsertedNodule | None:
    """Try one place; writes into ``hu`` and ``label`` where the nodule shows there."""
    inside = torch.nonzero(lung[0, 0, ::4, ::4, ::4]) * 4
    middle = inside[int(torch.randint(len(inside), (1,)))]
    shape = torch.tensor(hu.shape[2:])
    corner = (middle - _PATCH // 2).clamp(min=0).minimum((shape - _PATCH).clamp(min=0))
    z, y, x = (slice(int(c), int(c) + _PATCH) for c in corner)
    part = hu[..., z, y, x].clone()
    if part.shape[2:] != (_PATCH,) * 3:
        raise ValueError(f"a scan must be at least {_PATCH} mm along each axis, got {tuple(shape)}")
    local = (taken_at - corner)[None]
    wish = torch.tensor([wish_mm])
    apart = torch.ones(local.shape[:2], dtype=torch.bool)
    at, placed = place(part, lung[..., z, y, x], local, taken_mm[None], apart, wish)
    shown = torch.zeros_like(part)
    made = renderer.draw(wish, at, slice_blur)
    diameter, done = paste(part, shown, lung[..., z, y, x], at, made, placed, index=1)
    if not bool(done):
        return None
    hu[..., z, y, x] = part
    label[..., z, y, x] = torch.where(shown > 0, index, label[..., z, y, x])
    cz, cy, cx = (at[0] + corner).tolist()
    return InsertedNodule(
        (cz, cy, cx),
        float(diameter),
        int(made.density),
        _contrast(part, lung[..., z, y, x], shown),
        index,
    )


def _contrast(hu: Tensor, lung: Tensor, label: Tensor) -> float:
    """Mean HU of what shows above the median of the lung around it."""
    spots = torch.nonzero(label[0, 0])
    low, high = (spots.amin(0) - _RIM[1]).clamp(min=0), spots.amax(0) + _RIM[1] + 1
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    hu, lung, label = (part[..., z, y, x] for part in (hu, lung, label))
    near, far = (functional.max_pool3d(label, w, stride=1, padding=w // 2) for w in _RIM)
    around = (far > 0) & (near == 0)
    in_lung = around & (lung > 0)
    return float(hu[label > 0].mean() - hu[in_lung if in_lung.any() else around].median())
