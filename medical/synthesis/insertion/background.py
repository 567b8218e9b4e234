"""Patches of real lung, turned, mirrored and scaled, straight from the accelerator's memory."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.config import AugmentationConfig
from medical.synthesis.insertion.filters import (
    deformation_on_grid,
    deformed_positions,
    random_deformation,
)

REAL_SLOTS = 4  # real lesions, ignore regions among them, that one patch may hold


class Background(NamedTuple):
    """``n`` patches and the real lesions in them."""

    hu: Tensor  # [n, 1, p, p, p]
    lung: Tensor  # [n, 1, p, p, p] in [0, 1]
    centers: Tensor  # [n, REAL_SLOTS, 3]
    diameters_mm: Tensor  # [n, REAL_SLOTS]
    valid: Tensor  # [n, REAL_SLOTS] bool
    slice_blur: (
        Tensor  # [n, 3] across the slices, in patch voxels; as long as their blur's deviation
    )
    ignore_regions: (
        Tensor  # [n, REAL_SLOTS] bool: near the patch, and nobody knows whether a nodule
    )


class BackgroundSampler:
    """Draws patches from cases kept on ``device``.

    Args:
        cases: with lungs and real lesions.
        patch: edge in voxels.
        device: where cases live and patches are made.
        augmentation: how often at a real lesion, and how much size and pose vary.
    """

    def __init__(
        self,
        cases: list[TrainingCase],
        *,
        patch: int,
        device: torch.device,
        augmentation: AugmentationConfig,
    ) -> None:
        self.patch, self.device, self.augmentation = patch, device, augmentation
        self.volumes, self.inside, self.lesions, self.known = [], [], [], []
        self.slice_blurs_mm = [slice_blur_mm(case.slice_mm) for case in cases]
        for case in cases:
            hu = torch.from_numpy(case.hu).to(device)
            lung = torch.from_numpy(case.lung).to(device)
            self.volumes.append(torch.stack([hu, lung.float()])[None])
            self.inside.append(torch.nonzero(lung[::4, ::4, ::4]) * 4)
            lesions = torch.from_numpy(np.concatenate([case.nodules, case.ignore_regions]))
            self.lesions.append(lesions.to(device))
            self.known.append(len(case.nodules))
        self.weights = torch.tensor([float(len(i)) ** 0.5 for i in self.inside])

    def draw(self, count: int, *, groups: int = 4) -> Background:
        """Make ``count`` patches from ``groups`` cases (one sampling call a case)."""
        chosen = torch.multinomial(self.weights, groups, replacement=True).tolist()
        parts = [self._from_case(case, count // groups) for case in chosen]
        return Background(*(torch.cat(field) for field in zip(*parts, strict=True)))

    def _from_case(self, case: int, count: int) -> Background:
        p, dev = self.patch, self.device
        volume, lesions, known = self.volumes[case], self.lesions[case], self.known[case]
        inside = self.inside[case]
        center = inside[torch.randint(len(inside), (count,), device=dev)].float()
        if known:
            at_lesion = torch.rand(count, device=dev) < self.augmentation.lesion_share
            lesion = lesions[torch.randint(known, (count,), device=dev), :3]
            jitter = (torch.rand(count, 3, device=dev) - 0.5) * p * 0.7
            center = torch.where(at_lesion[:, None], lesion + jitter, center)
        much = self.augmentation.variation
        turn = random_rotations(count, device=dev, most_rad=0.4 + 0.3 * much)
        if self.augmentation.rotation_share > 0:
            anyhow = torch.rand(count, 1, 1, device=dev) < self.augmentation.rotation_share
            turn = torch.where(anyhow, random_rotations(count, device=dev), turn)
        turn = turn * random_signs(count, dev)[:, None]
        zoom = torch.exp((0.14 + 0.06 * much) * (torch.rand(count, 1, device=dev) * 2 - 1))
        stretch = torch.exp(0.08 * much * (torch.rand(count, 3, device=dev) * 2 - 1))
        stretch = stretch / stretch.prod(1, keepdim=True) ** (1 / 3)  # keeps volumes
        matrix = turn / (zoom * stretch)[:, None]  # patch voxel -> volume voxel
        axis = torch.arange(p, device=dev, dtype=torch.float32) - (p - 1) / 2
        z, y, x = (axis.view(*shape) for shape in ((1, p, 1, 1), (1, 1, p, 1), (1, 1, 1, p)))
        deformation = None
        if self.augmentation.deformation_share > 0:
            deformation = random_deformation(
                count, share=self.augmentation.deformation_share, device=dev
            )
            moved = deformation_on_grid(deformation, p)
            z, y, x = z + moved[:, 0], y + moved[:, 1], x + moved[:, 2]
        size = torch.tensor(volume.shape[2:], device=dev, dtype=torch.float32)
        position = [
            (
                center[:, a].view(-1, 1, 1, 1)
                + matrix[:, a, 0].view(-1, 1, 1, 1) * z
                + matrix[:, a, 1].view(-1, 1, 1, 1) * y
                + matrix[:, a, 2].view(-1, 1, 1, 1) * x
            )
            * (2 / size[a])
            + (1 / size[a] - 1)
            for a in (2, 1, 0)
        ]
        grid = torch.stack(position, -1).reshape(1, count * p, p, p, 3)
        sampled = functional.grid_sample(volume, grid, padding_mode="border", align_corners=False)
        sampled = sampled[0].reshape(2, count, 1, p, p, p)
        centers, diameters, valid, ignore_regions = self._lesions(
            lesions, known, center, matrix, zoom, deformation
        )
        slice_blur = torch.linalg.inv(matrix)[:, :, 0] * self.slice_blurs_mm[case]
        return Background(
            sampled[0], sampled[1], centers, diameters, valid, slice_blur, ignore_regions
        )

    def _lesions(
        self,
        lesions: Tensor,
        known: int,
        center: Tensor,
        matrix: Tensor,
        zoom: Tensor,
        deformation: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        count, p = len(center), self.patch
        centers = torch.full((count, REAL_SLOTS, 3), -1e3, device=self.device)
        diameters = torch.ones(count, REAL_SLOTS, device=self.device)
        judged = torch.zeros(count, REAL_SLOTS, dtype=torch.bool, device=self.device)
        shown = min(len(lesions), REAL_SLOTS)
        if shown:
            order = torch.cdist(center, lesions[:, :3]).argsort(1)[:, :shown]
            offset = lesions[order, :3] - center[:, None]
            back = torch.linalg.inv(matrix)
            straight = torch.einsum("nij,nkj->nki", back, offset) + (p - 1) / 2
            centers[:, :shown] = (
                straight if deformation is None else deformed_positions(straight, deformation, p)
            )
            diameters[:, :shown] = lesions[order, 3] * zoom
            judged[:, :shown] = order < known
        valid = ((centers >= 0) & (centers <= p - 1)).all(-1) & judged
        reach = diameters[..., None]
        near = ((centers >= -reach) & (centers <= p - 1 + reach)).all(-1)
        return centers, diameters, valid, near & ~judged


def slice_blur_mm(slice_mm: float) -> float:
    """Deviation of the blur across slices so far apart and so thick, read at every millimetre.

    A slice averages over its thickness (a box), and reading between slices linearly mixes two (a
    triangle): their variances are a twelfth and a sixth of the distance's square.
    """
    return math.sqrt(slice_mm**2 / 12 + slice_mm**2 / 6)


def random_signs(count: int, device: torch.device) -> Tensor:
    """Mirrorings: ``[count, 3]`` of plus and minus one."""
    return torch.randint(0, 2, (count, 3), device=device) * 2.0 - 1.0


def random_rotations(count: int, *, device: torch.device, most_rad: float | None = None) -> Tensor:
    """Rotation matrices ``[count, 3, 3]``; about a random axis by at most ``most_rad``, or any."""
    if most_rad is None:
        q = functional.normalize(torch.randn(count, 4, device=device), dim=1)
    else:
        axis = functional.normalize(torch.randn(count, 3, device=device), dim=1)
        half = (torch.rand(count, 1, device=device) * 2 - 1) * most_rad / 2
        q = torch.cat([torch.cos(half), torch.sin(half) * axis], 1)
    w, a, b, c = q.unbind(1)
    rows = [
        1 - 2 * (b * b + c * c), 2 * (a * b - c * w), 2 * (a * c + b * w),
        2 * (a * b + c * w), 1 - 2 * (a * a + c * c), 2 * (b * c - a * w),
        2 * (a * c - b * w), 2 * (b * c + a * w), 1 - 2 * (a * a + b * b),
    ]  # fmt: skip
    return torch.stack(rows, 1).reshape(count, 3, 3)
