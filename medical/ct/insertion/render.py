"""Draws what is to be set into lung: a real cube, a radiologist's shape, or a look-alike."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from medical.ct.insertion.background import random_rotations, random_signs
from medical.ct.insertion.contours import EDGE
from medical.ct.insertion.mixture import Mixture
from medical.ct.insertion.pool import NodulePool
from medical.ct.insertion.rendered import BOX, UNKNOWN, Rendered, ball_diameter
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

_CUBE_CENTER_SHIFT = 1.5  # the cubes' nodules sit 1.5 voxels past the middle (measured)
_LOOK_ALIKES = 90


class Renderer:
    """Draws things from a pool.

    Args:
        pool: nodules to insert.
        device: where it all happens.
        seed: of the look-alikes' shapes; what is drawn follows torch's own generator.
        mixture: shares of real cubes and of look-alikes.
    """

    def __init__(
        self,
        pool: NodulePool,
        *,
        device: torch.device,
        seed: int = 0,
        mixture: Mixture,
    ) -> None:
        self.device, self.mixture = device, mixture
        shapes = torch.from_numpy(pool.shapes)
        # drawing look-alikes takes seconds: a renderer that never shows one needs none
        fakes = torch.tensor(structures(_LOOK_ALIKES if mixture.fake_share > 0 else 1, seed=seed))
        self.shapes = self._softened(torch.cat([shapes, fakes]))
        self.unit_diameter = ball_diameter((self.shapes > 0.5).sum((1, 2, 3, 4)))
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

    def draw(self, wish_mm: Tensor, at: Tensor) -> Rendered:
        """Draw one thing for each patch in a box of ``BOX`` around ``at``.

        Args:
            wish_mm: ``[m]`` diameters wished for; cubes keep about their own.
            at: ``[m, 3]`` where, in patch voxels: its fraction is kept.
        """
        count, device = len(wish_mm), self.device
        draw = torch.rand(count, device=device)
        is_cube, is_fake = draw < self.mixture.cube_share, draw > 1 - self.mixture.fake_share
        density = torch.multinomial(
            torch.tensor(self.mixture.densities, device=device), count, replacement=True
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
        axis = torch.arange(BOX, device=device, dtype=torch.float32) - BOX // 2
        box = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(1, -1, 3)
        local = torch.einsum("nij,nvj->nvi", turn, box - fraction[:, None]) * stretch[:, None]
        grid = (local / unit_mm[:, None, None]).flip(-1).reshape(count, BOX, BOX, BOX, 3)
        bank = self.shapes[shape]
        soft = functional.grid_sample(bank, grid * (2 / EDGE), align_corners=False)
        core = 0.35 + 0.4 * torch.rand(count, 1, 1, 1, 1, device=device)
        inner = functional.grid_sample(bank, grid / core * (2 / EDGE), align_corners=False)
        psf = self._point_spread()
        alpha, inner = (
            gaussian_blur((soft > 0.5).float(), psf),
            gaussian_blur((inner > 0.5).float(), psf),
        )
        hu = structured_hu(base_hu(density), BOX)
        solid_core = structured_hu(base_hu(torch.zeros_like(density)), BOX)
        has_core = (density == PART_SOLID).view(-1, 1, 1, 1, 1)
        hu = torch.where(has_core, hu + inner * (solid_core - hu), hu)
        mask = soft > 0.5

        pick = torch.randint(len(self.cubes), (count,), device=device)
        at_cube = (local / cube_mm[:, None, None] + _CUBE_CENTER_SHIFT).flip(-1)
        at_cube = at_cube.reshape(count, BOX, BOX, BOX, 3) * (2 / self.cubes.shape[-1])
        cube = functional.grid_sample(
            self.cubes[pick], at_cube, padding_mode="border", align_corners=False
        )
        cube_alpha = functional.grid_sample(self.cube_alpha[pick], at_cube, align_corners=False)
        cube_mask = (
            functional.grid_sample(self.cube_masks[pick], at_cube, align_corners=False) > 0.5
        )
        wide = is_cube.view(-1, 1, 1, 1, 1)
        return Rendered(
            torch.where(wide, cube_alpha, alpha),
            torch.where(wide, cube, hu),
            torch.where(wide, cube_mask, mask),
            is_cube,
            torch.where(is_cube, UNKNOWN, density),
            ~is_fake,
        )

    def _point_spread(self) -> tuple[float, float, float]:
        z, inplane = torch.rand(2).tolist()
        return 0.45 + 0.9 * z, (width := 0.45 + 0.45 * inplane), width
