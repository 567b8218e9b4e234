"""Second stage, false-positive reduction: refine candidates, with Monte-Carlo dropout samples.

It sees candidates cut out of the CT at two scales, and mirrored. The standard deviation of the
samples is not shown as an interval; ``calibration`` makes intervals of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from medical.nodule.measure import MaskSize, central_component, measure_mask
from models.detector.crops import crop_around
from models.detector.normalise import normalise
from models.detector.refiner import CONTEXT_FACTOR, CROP, Convolutions, Refiner, near_extent_mm

# Views of a crop, by the axes along which it is mirrored: lungs have no handedness, training
# mirrors too, and the mean over views errs less than any one of them.
_VIEWS: tuple[tuple[int, ...], ...] = ((), (4,), (3,), (2,))
_SEED = 20160602  # fixed: the same CT gives the same intervals


class Crops(NamedTuple):
    """What the second stage sees of ``n`` candidates."""

    near: Tensor  # [n, 1, 32, 32, 32] normalised
    context: Tensor  # [n, 1, 32, 32, 32]
    extents_mm: Tensor  # [n] edge of the near crop

    def mirrored(self, axes: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
        """Mirror the crops."""
        if not axes:
            return self.near, self.context, self.extents_mm
        near, context = (crop.flip(axes).contiguous() for crop in (self.near, self.context))
        return near, context, self.extents_mm

    def only(self, indices: Int[np.ndarray, " m"]) -> Crops:
        """Those at some indices."""
        return Crops(*(part[torch.from_numpy(indices)] for part in self))


def cut(
    hu: Float32[np.ndarray, "z y x"],
    centers_voxel: Float[np.ndarray, "n 3"],
    diameters_mm: Float[np.ndarray, " n"],
) -> Crops:
    """Cut candidates out at both scales, at least one.

    Args:
        hu: on a 1 mm grid.
        centers_voxel: candidates on that grid.
        diameters_mm: first-stage diameters.
    """
    volume = normalise(torch.from_numpy(hu))[None, None]
    centers = torch.from_numpy(np.ascontiguousarray(centers_voxel)).float()
    extents = near_extent_mm(torch.from_numpy(np.ascontiguousarray(diameters_mm)).float())
    near = crop_around(volume, centers, extents, size=CROP)
    context = crop_around(volume, centers, extents * CONTEXT_FACTOR, size=CROP)
    return Crops(near, context, extents)


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """What the refiner says about ``n`` candidates.

    Args:
        logits: ``[samples, n]`` nodule or not.
        log_diameters: ``[samples, n]`` ln(diameter / mm).
        density: ``[n, 4]`` mean probability in the order of ``models.detector.refiner.DENSITIES``.
        masks: ``[n, 32, 32, 32]`` probability of nodule on the near crop.
        extents_mm: ``[n]`` edge of that crop.
    """

    logits: Float32[np.ndarray, "samples n"]
    log_diameters: Float32[np.ndarray, "samples n"]
    density: Float32[np.ndarray, "n 4"]
    masks: Float32[np.ndarray, "n 32 32 32"]
    extents_mm: Float32[np.ndarray, " n"]

    def mask(self, index: int) -> Bool[np.ndarray, "32 32 32"]:
        """One candidate's mask: the part nearest to the crop's middle."""
        return central_component(self.masks[index] > 0.5)

    def size(self, index: int) -> MaskSize:
        """Measure a candidate's mask; a ball of the refiner's diameter where it is empty."""
        size = measure_mask(self.mask(index), voxel_mm=float(self.extents_mm[index]) / CROP)
        if size is not None:
            return size
        diameter_mm = float(np.exp(self.log_diameters[:, index].mean()))
        return MaskSize(diameter_mm, diameter_mm, np.pi / 6 * diameter_mm**3)


class RefinementStage:
    """Refinement of candidates by Monte-Carlo dropout over mirrored views.

    Each sample takes the next of the mirrored views, so their standard deviation holds both what
    dropout and what mirroring change; the mask is the mean over views.

    Args:
        refiner: for its dropout layers.
        convolutions: its expensive parts.
        samples: number of Monte-Carlo dropout samples, at least 2.
    """

    def __init__(self, refiner: Refiner, convolutions: Convolutions, *, samples: int) -> None:
        if samples < 2:
            raise ValueError(f"samples must be at least 2, got {samples}")
        self.refiner, self.convolutions, self.samples = refiner, convolutions, samples

    def refine(
        self,
        hu: Float32[np.ndarray, "z y x"],
        centers_voxel: Float[np.ndarray, "n 3"],
        diameters_mm: Float[np.ndarray, " n"],
    ) -> Refined:
        """Classify and outline candidates, at least one.

        Args:
            hu: on a 1 mm grid.
            centers_voxel: candidates on that grid.
            diameters_mm: first-stage diameters.
        """
        crops = cut(hu, centers_voxel, diameters_mm)
        return self.outline(crops, self.classify(crops))

    @torch.no_grad()
    def classify(self, crops: Crops) -> Float32[np.ndarray, "samples n"]:
        """Logits of nodule or not: convolutions once a view, all samples in one batch."""
        seen = [self.convolutions.classifier_features(*crops.mirrored(axes)) for axes in _VIEWS]
        with _same_dropout():
            return self.refiner.classify(self._samples(seen), drop=True).numpy()

    @torch.no_grad()
    def outline(self, crops: Crops, logits: Float32[np.ndarray, "samples n"]) -> Refined:
        """Mask, size and kind of candidates that are classified, at least one."""
        views = [self.convolutions.outlining(*crops.mirrored(axes)) for axes in _VIEWS]
        masks = torch.stack(
            [
                torch.sigmoid(view.mask_logits[:, 0]).flip([axis - 1 for axis in axes])
                for view, axes in zip(views, _VIEWS, strict=True)
            ]
        ).mean(0)
        with _same_dropout():
            features = self._samples([view.features for view in views])
            description = self.refiner.describe(features, crops.extents_mm, drop=True)
        return Refined(
            logits,
            description.log_diameter.numpy(),
            torch.softmax(description.density_logits, -1).mean(0).numpy(),
            masks.numpy(),
            crops.extents_mm.numpy(),
        )

    def _samples(self, views: list[Tensor]) -> Tensor:
        return torch.stack(views)[torch.arange(self.samples) % len(_VIEWS)]


@contextmanager
def _same_dropout() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        yield
