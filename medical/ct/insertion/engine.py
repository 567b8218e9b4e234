"""The nodule engine: batches of real lung with nodules and look-alikes set into it.

Everything happens on the accelerator; nothing is copied from the host after construction.
Inserted nodules keep what is brighter behind them (vessels, pleura), are blurred like the scan
is, and carry noise; real lesions of a case appear as they are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from medical.ct.insertion.background import BackgroundSampler, random_rotations, random_signs
from medical.ct.insertion.batch import TrainingBatch
from medical.ct.insertion.contours import EDGE
from medical.ct.insertion.placement import place
from medical.ct.insertion.pool import NodulePool
from medical.ct.insertion.structures import structures
from medical.ct.insertion.texture import (
    CALCIFIED,
    GROUND_GLASS,
    PART_SOLID,
    SOLID,
    base_hu,
    gaussian_blur,
    structured_hu,
)
from medical.retraining.cases import TrainingCase
from models.detector.normalise import normalise

SLOTS = 3
_BOX = 56
_UNKNOWN = -1
_VISIBLE_HU = 40.0  # least brightening that a reader could see
_AIR_HU = -500.0
_CUBE_CENTER_SHIFT = 1.5  # the cubes' nodules sit 1.5 voxels past the middle (measured)


class _Rendered(NamedTuple):
    alpha: Tensor  # [m, 1, box, box, box] how much of the thing a voxel shows
    hu: Tensor  # [m, 1, box, box, box]
    mask: Tensor  # [m, 1, box, box, box] bool
    replace: Tensor  # [m] bool: a real cube replaces; a shape only brightens
    density: Tensor  # [m]
    is_nodule: Tensor  # [m] bool


class NoduleEngine:
    """Makes training batches without end.

    Args:
        cases: real lungs.
        pool: nodules to insert.
        device: where it all happens.
        patch: edge of a patch in voxels of 1 mm, a multiple of 16.
        lesion_share: see ``BackgroundSampler``.
        seed: of the look-alikes' shapes; batches follow torch's own generator.
    """

    def __init__(
        self,
        cases: list[TrainingCase],
        pool: NodulePool,
        *,
        device: torch.device,
        patch: int = 96,
        lesion_share: float = 0.3,
        seed: int = 0,
    ) -> None:
        self.background = BackgroundSampler(
            cases, patch=patch, device=device, lesion_share=lesion_share
        )
        self.device, self.patch = device, patch
        shapes = torch.from_numpy(pool.shapes)
        fakes = torch.from_numpy(structures(90, seed=seed))
        self.shapes = self._softened(torch.cat([shapes, fakes]))
        self.unit_diameter = _ball_diameter((self.shapes > 0.5).sum((1, 2, 3, 4)))
        self.first_fake = len(shapes)
        texture, calcified = (
            torch.from_numpy(pool.texture),
            torch.from_numpy(pool.calcification) < 6,
        )
        self.by_density = {
            SOLID: torch.nonzero((texture >= 4) & ~calcified)[:, 0].to(device),
            PART_SOLID: torch.nonzero((texture >= 2) & (texture <= 4))[:, 0].to(device),
            GROUND_GLASS: torch.nonzero(texture <= 3)[:, 0].to(device),
            CALCIFIED: torch.nonzero(texture >= 4)[:, 0].to(device),
        }
        self.cubes = (torch.from_numpy(pool.cubes).float()[:, None] * 8 - 1024).to(device)
        masks = torch.from_numpy(pool.cube_masks).float()[:, None].to(device)
        self.cube_masks = masks
        grown = functional.max_pool3d(masks, 5, stride=1, padding=2)
        self.cube_alpha = torch.cat(
            [gaussian_blur(g, (1.2, 1.2, 1.2)) for g in torch.split(grown, 16)]
        )

    def _softened(self, shapes: Tensor) -> Tensor:
        parts = [
            gaussian_blur(part.to(self.device).float()[:, None], (1.0, 1.0, 1.0))
            for part in torch.split(shapes, 64)
        ]
        return torch.cat(parts)

    @torch.no_grad()
    def batch(self, count: int) -> TrainingBatch:
        """Make ``count`` patches (a multiple of 4)."""
        back = self.background.draw(count)
        hu, lung = back.hu, back.lung
        label = torch.zeros_like(hu)
        centers, diameters, valid = [back.centers], [back.diameters_mm], [back.valid]
        densities = [torch.full_like(back.valid, _UNKNOWN, dtype=torch.long)]
        taken = [back.valid]
        for slot in range(SLOTS):
            wish_mm = self._diameters(count)
            at, found = place(
                hu,
                lung,
                torch.cat(centers, 1),
                torch.cat(diameters, 1),
                torch.cat(taken, 1),
                wish_mm,
            )
            found &= torch.rand(count, device=self.device) < (0.9, 0.55, 0.4)[slot]
            made = self._render(wish_mm, at)
            index = back.valid.shape[1] + slot + 1
            real_mm, found = self._set(hu, label, at, made, found, index)
            centers.append(at[:, None])
            diameters.append(torch.where(made.is_nodule & found, real_mm, wish_mm)[:, None])
            valid.append((found & made.is_nodule)[:, None])
            taken.append(found[:, None])
            densities.append(made.density[:, None])
        every_valid = torch.cat(valid, 1)
        has_mask = every_valid.clone()
        has_mask[:, : back.valid.shape[1]] = False
        return TrainingBatch(
            normalise(self._scanner(hu)),
            label,
            torch.cat(centers, 1),
            torch.cat(diameters, 1),
            every_valid,
            torch.cat(densities, 1),
            has_mask,
        )

    def _diameters(self, count: int) -> Tensor:
        """LIDC is mostly small: three quarters from 3.5 to 12 mm, the rest up to 32 mm."""
        r = torch.rand(count, device=self.device)
        small = torch.rand(count, device=self.device) < 0.75
        low, high = torch.where(small, 3.5, 10.0), torch.where(small, 12.0, 32.0)
        return torch.exp(low.log() + r * (high / low).log())

    def _render(self, wish_mm: Tensor, at: Tensor) -> _Rendered:
        """Draw one thing for each patch in a box of 56 mm around ``at``: cube, shape or fake."""
        count, device = len(wish_mm), self.device
        draw = torch.rand(count, device=device)
        is_cube, is_fake = draw < 0.25, draw > 0.8
        density = torch.multinomial(
            torch.tensor([0.58, 0.17, 0.2, 0.05], device=device), count, replacement=True
        )
        shape = torch.stack(
            [v[torch.randint(len(v), (count,), device=device)] for v in self.by_density.values()]
        ).gather(0, density[None])[0]
        fakes = len(self.shapes) - self.first_fake
        shape = torch.where(
            is_fake, self.first_fake + torch.randint(fakes, (count,), device=device), shape
        )
        turn = random_rotations(count, device=device) * random_signs(count, device)[:, None]
        stretch = 1 + 0.25 * (torch.rand(count, 3, device=device) - 0.5)
        unit_mm = wish_mm / self.unit_diameter[shape]
        cube_mm = 0.7 + 0.5 * torch.rand(count, device=device)
        # positions of box voxels about the thing's centre, in its own voxels
        fraction = at - at.floor()
        axis = torch.arange(_BOX, device=device, dtype=torch.float32) - _BOX // 2
        box = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(1, -1, 3)
        local = torch.einsum("nij,nvj->nvi", turn, box - fraction[:, None]) * stretch[:, None]
        grid = (local / unit_mm[:, None, None]).flip(-1).reshape(count, _BOX, _BOX, _BOX, 3)
        bank = self.shapes[shape]
        soft = functional.grid_sample(bank, grid * (2 / EDGE), align_corners=False)
        core = 0.35 + 0.4 * torch.rand(count, 1, 1, 1, 1, device=device)
        inner = functional.grid_sample(bank, grid / core * (2 / EDGE), align_corners=False)
        psf = self._point_spread()
        alpha, inner = (
            gaussian_blur((soft > 0.5).float(), psf),
            gaussian_blur((inner > 0.5).float(), psf),
        )
        hu = structured_hu(base_hu(density), _BOX)
        solid_core = structured_hu(base_hu(torch.zeros_like(density)), _BOX)
        has_core = (density == PART_SOLID).view(-1, 1, 1, 1, 1)
        hu = torch.where(has_core, hu + inner * (solid_core - hu), hu)
        mask = soft > 0.5

        pick = torch.randint(len(self.cubes), (count,), device=device)
        at_cube = (local / cube_mm[:, None, None] + _CUBE_CENTER_SHIFT).flip(-1)
        at_cube = at_cube.reshape(count, _BOX, _BOX, _BOX, 3) * (2 / self.cubes.shape[-1])
        cube = functional.grid_sample(
            self.cubes[pick], at_cube, padding_mode="border", align_corners=False
        )
        cube_alpha = functional.grid_sample(self.cube_alpha[pick], at_cube, align_corners=False)
        cube_mask = (
            functional.grid_sample(self.cube_masks[pick], at_cube, align_corners=False) > 0.5
        )
        wide = is_cube.view(-1, 1, 1, 1, 1)
        return _Rendered(
            torch.where(wide, cube_alpha, alpha),
            torch.where(wide, cube, hu),
            torch.where(wide, cube_mask, mask),
            is_cube,
            torch.where(is_cube, _UNKNOWN, density),
            ~is_fake,
        )

    def _point_spread(self) -> tuple[float, float, float]:
        z, inplane = torch.rand(2).tolist()
        return 0.45 + 0.9 * z, (width := 0.45 + 0.45 * inplane), width

    def _set(
        self, hu: Tensor, label: Tensor, at: Tensor, made: _Rendered, found: Tensor, index: int
    ) -> tuple[Tensor, Tensor]:
        """Write boxes into ``hu``, ``label`` and the true centre into ``at``; (diameter, done)."""
        count, p = len(hu), self.patch
        axis = torch.arange(_BOX, device=self.device) - _BOX // 2
        spots = [at[:, a, None].floor().long() + axis for a in range(3)]
        ok = [(s >= 0) & (s < p) for s in spots]
        z, y, x = (s.clamp(0, p - 1) for s in spots)
        flat = (z[:, :, None, None] * p + y[:, None, :, None]) * p + x[:, None, None, :]
        inside = ok[0][:, :, None, None] & ok[1][:, None, :, None] & ok[2][:, None, None, :]
        inside = (inside & found[:, None, None, None]).reshape(count, -1)
        # what falls outside is written to one spare voxel behind the patch
        # what falls outside is written to one spare voxel behind the patch
        flat = torch.where(inside, flat.reshape(count, -1), p**3)
        padded = functional.pad(hu.reshape(count, -1), (0, 1))
        before = padded.gather(1, flat)
        alpha, thing = made.alpha.reshape(count, -1), made.hu.reshape(count, -1)
        target = torch.where(made.replace[:, None], thing, torch.maximum(thing, before))
        after = before + alpha * (target - before)
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
                (mask.reshape(count, _BOX, _BOX, _BOX).sum(other) * spot).sum(1)
                / voxels.clamp(min=1)
                for spot, other in zip((z, y, x), ((2, 3), (1, 3), (1, 2)), strict=True)
            ],
            dim=1,
        )
        at.copy_(torch.where(mask.any(1)[:, None], middle, at))
        return _ball_diameter(voxels).clamp(min=2.0), seen

    def _scanner(self, hu: Tensor) -> Tensor:
        """Vary dose, kernel, slice thickness and calibration."""
        wide = (len(hu), 1, 1, 1, 1)
        which = torch.rand(1).item()
        if which < 0.25:
            hu = gaussian_blur(hu, (0.3 + 1.0 * torch.rand(1).item(), 0.4, 0.4))
        elif which < 0.45:
            hu = hu + (0.2 + 0.6 * torch.rand(1).item()) * (hu - gaussian_blur(hu, (0.8, 0.8, 0.8)))
        noise = gaussian_blur(torch.randn_like(hu), (0.5, 0.5, 0.5))
        hu = hu + noise * 60 * torch.rand(wide, device=self.device) ** 2
        gain = 1 + 0.04 * (torch.rand(wide, device=self.device) - 0.5)
        return hu * gain + 40 * (torch.rand(wide, device=self.device) - 0.5)


def _ball_diameter(voxels: Tensor) -> Tensor:
    """Diameter of the ball of so many voxels."""
    return (voxels.float() * (6 / math.pi)).pow(1 / 3)
