"""Second stage, false-positive reduction: refine candidates, with Monte-Carlo dropout samples.

It sees candidates cut out of the CT at two scales, and mirrored. The standard deviation of the
samples is not shown as an interval; ``calibration`` makes intervals of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from scipy.special import expit, softmax

from medical.nodule.measure import MaskSize, central_component, measure_mask
from models.detector.contract import CONTEXT_FACTOR, CROP, near_extent_mm
from models.detector.normalise import normalise
from models.runtime.crops import crop_around
from models.runtime.networks import RefinementNetworks

# Views of a crop, by the axes along which it is mirrored: lungs have no handedness, training
# mirrors too, and the mean over views errs less than any one of them.
_VIEWS: tuple[tuple[int, ...], ...] = ((), (4,), (3,), (2,))
Logits = Float32[np.ndarray, "samples n"]
_SEED = 20160602  # fixed: the same CT gives the same intervals


class Crops(NamedTuple):
    """What the second stage sees of ``n`` candidates."""

    near: Float32[np.ndarray, "n 1 32 32 32"]  # normalised
    context: Float32[np.ndarray, "n 1 32 32 32"]
    extents_mm: Float32[np.ndarray, " n"]  # edge of the near crop

    def mirrored(self, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mirror the crops."""
        return np.flip(self.near, axes), np.flip(self.context, axes), self.extents_mm

    def only(self, indices: Int[np.ndarray, " m"]) -> Crops:
        """Those at some indices."""
        return Crops(*(part[indices] for part in self))


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
    extents = near_extent_mm(np.asarray(diameters_mm, np.float32))
    near, context = (
        np.stack(
            [
                crop_around(hu, center, float(extent) * factor, size=CROP, of=normalise)
                for center, extent in zip(centers_voxel, extents, strict=True)
            ]
        )[:, None]
        for factor in (1.0, CONTEXT_FACTOR)
    )
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
        networks: its convolutions and dropout layers.
        samples: number of Monte-Carlo dropout samples, at least 2.
    """

    def __init__(self, networks: RefinementNetworks, *, samples: int) -> None:
        if samples < 2:
            raise ValueError(f"samples must be at least 2, got {samples}")
        self.networks, self.samples = networks, samples

    def warm_up(self) -> None:
        """Refine an empty crop, so that the first candidate need not wait for compiling."""
        self.refine(np.zeros((CROP,) * 3, np.float32), np.zeros((1, 3)), np.ones(1))

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

    def classify(
        self, crops: Crops, *, is_worth_it: Callable[[Logits], Bool[np.ndarray, " n"]] | None = None
    ) -> Logits:
        """Logits of nodule or not: convolutions once a view, all samples in one batch.

        Args:
            crops: of the candidates.
            is_worth_it: which candidates are seen in the mirrored views too, by their logits in the
                first view; without it all are. The others keep those logits.
        """
        seen = [self.networks.classifier_features(*crops)]
        worth = np.ones(len(crops.near), bool)
        if is_worth_it is not None:
            worth = is_worth_it(self._logits(seen * len(_VIEWS)))
        chosen = crops.only(np.flatnonzero(worth))
        for axes in _VIEWS[1:]:
            features = seen[0].copy()
            if worth.any():
                features[worth] = self.networks.classifier_features(*chosen.mirrored(axes))
            seen.append(features)
        return self._logits(seen)

    def _logits(self, seen: list[np.ndarray]) -> Logits:
        return self.networks.classifier.apply(self._samples(seen), seed=_SEED)[..., 0]

    def outline(self, crops: Crops, logits: Float32[np.ndarray, "samples n"]) -> Refined:
        """Mask, size and kind of candidates that are classified, at least one."""
        views = [self.networks.outlining(*crops.mirrored(axes)) for axes in _VIEWS]
        masks = [
            np.flip(expit(view.mask_logits[:, 0]), tuple(axis - 1 for axis in axes))
            for view, axes in zip(views, _VIEWS, strict=True)
        ]
        features = self._samples([view.features for view in views])
        layers = self.networks.outline.apply(features, seed=_SEED)
        return Refined(
            logits,
            layers[..., 1] + np.log(crops.extents_mm / 3.0),
            softmax(layers[..., 2:], -1).mean(0),
            np.mean(masks, 0),
            crops.extents_mm,
        )

    def _samples(self, views: list[np.ndarray]) -> Float32[np.ndarray, "samples n f"]:
        return np.stack(views)[np.arange(self.samples) % len(_VIEWS)]
