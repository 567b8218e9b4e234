"""The nodule engine: batches of real lung with nodules and distractors set into it.

Everything happens on the accelerator; nothing is copied from the host after construction.
Inserted nodules keep what is brighter behind them (vessels, pleura), are blurred like the scan
is, and carry noise; real lesions of a case appear as they are. For pretraining the patches are of
CTs as they are: nothing is inserted, nothing is known.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.augment import overlay_vessels, vary_scanner
from medical.synthesis.insertion.background import Background, BackgroundSampler
from medical.synthesis.insertion.config import AugmentationConfig
from medical.synthesis.insertion.distractors import lung_distractors
from medical.synthesis.insertion.placement import paste, place
from medical.synthesis.insertion.render import Renderer
from medical.synthesis.insertion.rendered import UNKNOWN, box_for
from medical.synthesis.nodules.pool import NodulePool
from models.detector.normalise import normalise

SLOTS = 3


class TrainingBatch(NamedTuple):
    """``n`` patches with up to ``k`` nodules each; positions in patch voxels = millimetres.

    ``density`` is an index into ``models.detector.refiner.DENSITIES`` or -1 where unknown;
    ``ignore_regions`` rows may be nodules: neither taught nor counted as false;
    ``has_mask`` is false for real lesions of which only centre and diameter are known;
    ``answer`` is what a teacher says of the image, where there is one.
    """

    image: Tensor  # [n, 1, p, p, p] normalised
    label: Tensor  # [n, 1, p, p, p] float, 1 + index of the nodule, 0 elsewhere
    centers: Tensor  # [n, k, 3] (z, y, x)
    diameters_mm: Tensor  # [n, k]
    valid: Tensor  # [n, k] bool
    density: Tensor  # [n, k] long
    has_mask: Tensor  # [n, k] bool
    ignore_regions: Tensor  # [n, k] bool
    answer: Tensor | None = None  # [n, 6, p/4, p/4, p/4], see ``models.detector.contract``


class UnlabelledBatch(NamedTuple):
    """``n`` patches."""

    image: Tensor  # [n, 1, p, p, p] normalised


class UnlabelledPatches:
    """Draws patches without end, turned and varied as the nodule engine does.

    Args:
        cases: CTs; what they say of nodules is not read.
        device: where they are made.
        patch: edge in voxels of 1 mm, a multiple of 16.
    """

    def __init__(self, cases: list[TrainingCase], *, device: torch.device, patch: int) -> None:
        self.augmentation = AugmentationConfig(lesion_share=0.0)
        self.background = BackgroundSampler(
            cases, patch=patch, device=device, augmentation=self.augmentation
        )

    @torch.no_grad()
    def batch(self, count: int) -> UnlabelledBatch:
        """Make ``count`` patches (a multiple of 4)."""
        hu = self.background.draw(count).hu
        return UnlabelledBatch(normalise(vary_scanner(hu, strength=self.augmentation.variation)))


class NoduleEngine:
    """Makes training batches without end.

    Args:
        cases: real lungs.
        pool: nodules to insert.
        device: where it all happens.
        patch: edge of a patch in voxels of 1 mm, a multiple of 16.
        augmentation: what is drawn, how often, how large.
        seed: of the distractors' shapes; batches follow torch's own generator.
    """

    def __init__(
        self,
        cases: list[TrainingCase],
        pool: NodulePool,
        *,
        device: torch.device,
        patch: int = 96,
        augmentation: AugmentationConfig | None = None,
        seed: int = 0,
    ) -> None:
        self.augmentation = augmentation = augmentation or AugmentationConfig()
        self.background = BackgroundSampler(
            cases, patch=patch, device=device, augmentation=augmentation
        )
        box = box_for(augmentation.large_mm[1])
        self.renderer = Renderer(pool, device=device, seed=seed, augmentation=augmentation, box=box)
        self.device = device

    @torch.no_grad()
    def batch(self, count: int) -> TrainingBatch:
        """Make ``count`` patches (a multiple of 4)."""
        back = self.background.draw(count)
        if self.augmentation.vessel_overlay_share > 0:
            overlay_vessels(back, share=self.augmentation.vessel_overlay_share)
        hu, lung = back.hu, back.lung
        label = torch.zeros_like(hu)
        if self.augmentation.lung_distractor_share > 0:
            self._set_lung_distractors(back, label)
        centers, diameters, valid = [back.centers], [back.diameters_mm], [back.valid]
        densities = [torch.full_like(back.valid, UNKNOWN, dtype=torch.long)]
        taken = [back.valid | back.ignore_regions]
        for slot in range(SLOTS):
            wish_mm = draw_diameters(count, self.device, self.augmentation)
            at, placed = place(
                hu,
                lung,
                torch.cat(centers, 1),
                torch.cat(diameters, 1),
                torch.cat(taken, 1),
                wish_mm,
            )
            placed &= torch.rand(count, device=self.device) < (0.9, 0.55, 0.4)[slot]
            made = self.renderer.draw(wish_mm, at, back.slice_blur)
            index = back.valid.shape[1] + slot + 1
            real_mm, placed = paste(hu, label, lung, at, made, placed, index=index)
            centers.append(at[:, None])
            diameters.append(torch.where(made.is_nodule & placed, real_mm, wish_mm)[:, None])
            valid.append((placed & made.is_nodule)[:, None])
            taken.append(placed[:, None])
            densities.append(made.density[:, None])
        every_valid = torch.cat(valid, 1)
        has_mask = every_valid.clone()
        has_mask[:, : back.valid.shape[1]] = False
        ignore_regions = torch.zeros_like(every_valid)
        ignore_regions[:, : back.valid.shape[1]] = back.ignore_regions
        return TrainingBatch(
            normalise(vary_scanner(hu, strength=self.augmentation.variation)),
            label,
            torch.cat(centers, 1),
            torch.cat(diameters, 1),
            every_valid,
            torch.cat(densities, 1),
            has_mask,
            ignore_regions,
        )

    def _set_lung_distractors(self, back: Background, label: Tensor) -> None:
        """Set balls of lung into some patches, in place, away from what is known in them."""
        made, placed = lung_distractors(back)
        wish_mm = (made.mask.flatten(1).sum(1) * 6 / math.pi).pow(1 / 3)
        at, free = place(
            back.hu,
            back.lung,
            back.centers,
            back.diameters_mm,
            back.valid | back.ignore_regions,
            wish_mm,
        )
        placed &= free & (
            torch.rand(len(placed), device=self.device) < self.augmentation.lung_distractor_share
        )
        paste(back.hu, label, back.lung, at, made, placed, index=0)


def draw_diameters(count: int, device: torch.device, augmentation: AugmentationConfig) -> Tensor:
    """Millimetres ``[count]``; as the augmentation is by default mostly small, like LIDC's."""
    r = torch.rand(count, device=device)
    small = torch.rand(count, device=device) < augmentation.small_share
    low = torch.where(small, augmentation.small_mm[0], augmentation.large_mm[0])
    high = torch.where(small, augmentation.small_mm[1], augmentation.large_mm[1])
    return torch.exp(low.log() + r * (high / low).log())
