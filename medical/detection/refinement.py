"""Second stage, false-positive reduction: refine candidates, with Monte-Carlo dropout samples.

It sees candidates cut out of the CT at two scales, and mirrored. The standard deviation of the
samples is not shown as an interval; ``calibration`` makes intervals of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from scipy.special import expit, softmax

from medical.ct.slabs import map_each
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

    def mirrored(self, views: Sequence[tuple[int, ...]]) -> Crops:
        """Mirror the crops, all of one view after those of the view before.

        Args:
            views: axes along which a view is mirrored.
        """
        near, context = (
            np.concatenate([np.flip(part, axes) for axes in views])
            for part in (self.near, self.context)
        )
        return Crops(near, context, np.tile(self.extents_mm, len(views)))

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

    def crops_of(index: int) -> list[np.ndarray]:
        center, extent = centers_voxel[index], float(extents[index])
        return [
            crop_around(hu, center, extent * factor, size=CROP, of=normalise)
            for factor in (1.0, CONTEXT_FACTOR)
        ]

    near, context = zip(*map_each(crops_of, range(len(extents))), strict=True)
    return Crops(np.stack(near)[:, None], np.stack(context)[:, None], extents)


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
        bound: what the mean over samples of the logit of nodule or not is held within, either way,
            see ``ModelCard.refinement_bound``.
    """

    def __init__(
        self, networks: RefinementNetworks, *, samples: int, bound: float = math.inf
    ) -> None:
        if samples < 2:
            raise ValueError(f"samples must be at least 2, got {samples}")
        self.networks, self.samples, self.bound = networks, samples, bound

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
        self,
        crops: Crops,
        *,
        among: Bool[np.ndarray, " all"] | None = None,
        is_worth_it: Callable[[Logits], Bool[np.ndarray, " n"]] | None = None,
    ) -> Logits:
        """Logits of nodule or not: convolutions once a view, all samples in one batch.

        Args:
            crops: of the candidates.
            among: which of all candidates of the CT they are; without it they are all. What dropout
                drops goes by the place among all: a candidate's logits are the same to the last bit
                whichever of the others are seen.
            is_worth_it: which candidates are seen in the mirrored views too, by their logits in the
                first view; without it all are. The others keep those logits.
        """
        first = self.networks.classifier_features(*crops)
        seen = np.stack([first] * len(_VIEWS))
        worth = np.ones(len(first), bool)
        among = worth if among is None else among
        if is_worth_it is not None:
            worth = is_worth_it(self._logits(seen, among))
        if worth.any():
            mirrored = crops.only(np.flatnonzero(worth)).mirrored(_VIEWS[1:])
            features = self.networks.classifier_features(*mirrored)
            seen[1:, worth] = features.reshape(len(_VIEWS) - 1, -1, first.shape[1])
        return self._logits(seen, among)

    def _logits(
        self, seen: Float32[np.ndarray, "views n f"], among: Bool[np.ndarray, " all"]
    ) -> Logits:
        every = np.zeros((len(seen), len(among), seen.shape[-1]), np.float32)
        every[:, among] = seen
        logits = self.networks.classifier.apply(self._samples(every), seed=_SEED)[:, among, 0]
        mean = logits.mean(0)
        # all samples are moved: their spread stays, and by nothing they keep every bit
        return np.asarray(logits - (mean - np.clip(mean, -self.bound, self.bound)))

    def outline(self, crops: Crops, logits: Float32[np.ndarray, "samples n"]) -> Refined:
        """Mask, size and kind of candidates that are classified, at least one."""
        seen = self.networks.outlining(*crops.mirrored(_VIEWS))
        features, mask_logits = (
            part.reshape(len(_VIEWS), -1, *part.shape[1:])
            for part in (seen.features, seen.mask_logits[:, 0])
        )
        masks = [
            np.flip(expit(view), tuple(axis - 1 for axis in axes))
            for view, axes in zip(mask_logits, _VIEWS, strict=True)
        ]
        layers = self.networks.outline.apply(self._samples(features), seed=_SEED)
        return Refined(
            logits,
            layers[..., 1] + np.log(crops.extents_mm / 3.0),
            softmax(layers[..., 2:], -1).mean(0),
            np.mean(masks, 0),
            crops.extents_mm,
        )

    def _samples(
        self, views: Float32[np.ndarray, "views n f"]
    ) -> Float32[np.ndarray, "samples n f"]:
        return views[np.arange(self.samples) % len(_VIEWS)]
