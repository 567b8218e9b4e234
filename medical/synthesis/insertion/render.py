"""Draws what is to be set into lung: a real cube, a radiologist's shape, or a distractor."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from medical.synthesis.insertion.background import random_rotations, random_signs
from medical.synthesis.insertion.config import AugmentationConfig
from medical.synthesis.insertion.distractors import distractor_shapes
from medical.synthesis.insertion.filters import gaussian_blur, slice_profile_blur
from medical.synthesis.insertion.rendered import (
    BOX,
    CALCIFIED,
    GROUND_GLASS,
    PART_SOLID,
    SOLID,
    UNKNOWN,
    CubeBank,
    Rendered,
    ball_diameter,
    base_hu,
    structured_hu,
)
from medical.synthesis.nodules.contours import EDGE
from medical.synthesis.nodules.pool import NodulePool

_DISTRACTORS = 90
_HOLLOW_SHARE = 0.04  # cavities
_AIR_HU = -900.0


class Renderer:
    """Draws things from a pool.

    Args:
        pool: nodules to insert.
        device: where it all happens.
        seed: of the distractors' shapes; what is drawn follows torch's own generator.
        augmentation: shares of real cubes and of distractors.
        box: edge of the box that things are drawn in, voxels.
    """

    def __init__(
        self,
        pool: NodulePool,
        *,
        device: torch.device,
        seed: int = 0,
        augmentation: AugmentationConfig,
        box: int = BOX,
    ) -> None:
        self.device, self.augmentation, self.box = device, augmentation, box
        shapes = torch.from_numpy(pool.shapes)
        # drawing distractors takes seconds: a renderer that never shows one needs none
        distractors = torch.tensor(
            distractor_shapes(_DISTRACTORS if augmentation.distractor_share > 0 else 1, seed=seed)
        )
        self.shapes = self._softened(torch.cat([shapes, distractors]))
        self.unit_diameter = ball_diameter((self.shapes > 0.5).sum((1, 2, 3, 4)))
        self.first_distractor = len(shapes)
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
        self.cubes = CubeBank(pool, device=device, wide_share=augmentation.wide_share)

    def _softened(self, shapes: Tensor) -> Tensor:
        parts = [
            gaussian_blur(part.to(self.device).float()[:, None], (1.0, 1.0, 1.0))
            for part in torch.split(shapes, 64)
        ]
        return torch.cat(parts)

    def draw(self, wish_mm: Tensor, at: Tensor, slice_blur: Tensor) -> Rendered:
        """Draw one thing for each patch in a box around ``at``.

        Args:
            wish_mm: ``[m]`` diameters wished for; cubes keep about their own.
            at: ``[m, 3]`` where, in patch voxels: its fraction is kept.
            slice_blur: ``[m, 3]`` across the scan's slices, as long as their blur's deviation,
                voxels.
        """
        count, device = len(wish_mm), self.device
        draw = torch.rand(count, device=device)
        is_cube, is_distractor = (
            draw < self.augmentation.cube_share,
            draw > 1 - self.augmentation.distractor_share,
        )
        density = torch.multinomial(
            torch.tensor(self.augmentation.densities, device=device), count, replacement=True
        )
        shape = torch.stack(
            [v[torch.randint(len(v), (count,), device=device)] for v in self.by_density.values()]
        ).gather(0, density[None])[0]
        distractors = len(self.shapes) - self.first_distractor
        shape = torch.where(
            is_distractor,
            self.first_distractor + torch.randint(distractors, (count,), device=device),
            shape,
        )
        turn = random_rotations(count, device=device) * random_signs(count, device)[:, None]
        stretch = 1 + 0.25 * (torch.rand(count, 3, device=device) - 0.5)
        # positions of box voxels about the thing's centre, in millimetres
        fraction = at - at.floor()
        axis = torch.arange(self.box, device=device, dtype=torch.float32) - self.box // 2
        box = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(1, -1, 3)
        local = torch.einsum("nij,nvj->nvi", turn, box - fraction[:, None]) * stretch[:, None]
        alpha, hu, mask = self._shape(shape, density, wish_mm, local, slice_blur)
        cube = self.cubes.draw(local, self.box, slice_blur)
        real = is_cube.view(-1, 1, 1, 1, 1)
        return Rendered(
            torch.where(real, cube.alpha, alpha),
            torch.where(real, cube.core, alpha),
            torch.where(real, cube.hu, hu),
            torch.where(real, cube.mask, mask),
            is_cube,
            torch.where(is_cube, UNKNOWN, density),
            ~is_distractor,
        )

    def _shape(
        self, shape: Tensor, density: Tensor, wish_mm: Tensor, local: Tensor, slice_blur: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Alpha, HU and outline of shapes, blurred as the scan is."""
        count, device = len(shape), self.device
        unit_mm = wish_mm / self.unit_diameter[shape]
        grid = (
            (local / unit_mm[:, None, None])
            .flip(-1)
            .reshape(count, self.box, self.box, self.box, 3)
        )
        bank = self.shapes[shape]
        soft = functional.grid_sample(bank, grid * (2 / EDGE), align_corners=False)
        size = 0.35 + 0.4 * torch.rand(count, 1, 1, 1, 1, device=device)
        inner = functional.grid_sample(bank, grid / size * (2 / EDGE), align_corners=False)
        width = 0.5 + 0.4 * float(torch.rand(()))
        both = slice_profile_blur(torch.cat([soft > 0.5, inner > 0.5], 1).float(), slice_blur)
        alpha, core = (gaussian_blur(part, (width,) * 3) for part in torch.split(both, 1, dim=1))
        hu = structured_hu(base_hu(density), self.box)
        within = structured_hu(base_hu(torch.zeros_like(density)), self.box)
        hollow = torch.rand(count, 1, 1, 1, 1, device=device) < _HOLLOW_SHARE
        within = torch.where(hollow, _AIR_HU, within)
        has_core = (density == PART_SOLID).view(-1, 1, 1, 1, 1) | hollow
        return alpha, torch.where(has_core, hu + core * (within - hu), hu), soft > 0.5
