"""Second stage: look again at each candidate, with Monte-Carlo dropout samples.

The spread of samples is not shown as an interval; ``calibration`` makes intervals of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from medical.detection.candidate_crops import Crops, cut
from medical.nodule.measure import MaskSize, central_component, measure_mask
from models.detector.refiner import CROP, Convolutions, Refiner

# Views of a crop, by the axes along which it is mirrored: lungs have no handedness, training
# mirrors too, and the mean over views errs less than any one of them.
_VIEWS: tuple[tuple[int, ...], ...] = ((), (4,), (3,), (2,))
_SEED = 20160602  # fixed: the same CT gives the same intervals


@dataclass(frozen=True, slots=True, eq=False)
class SecondLook:
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


class SecondStage:
    """Refinement of candidates by Monte-Carlo dropout over mirrored views.

    Each sample takes the next of the mirrored views, so the spread holds both what dropout and what
    mirroring change; the mask is the mean over views.

    Args:
        refiner: for its dropout layers.
        convolutions: its expensive parts.
        samples: number of Monte-Carlo dropout samples, at least 2.
    """

    def __init__(self, refiner: Refiner, convolutions: Convolutions, *, samples: int) -> None:
        if samples < 2:
            raise ValueError(f"samples must be at least 2, got {samples}")
        self.refiner, self.convolutions, self.samples = refiner, convolutions, samples

    def look(
        self,
        hu: Float32[np.ndarray, "z y x"],
        centers_voxel: Float[np.ndarray, "n 3"],
        diameters_mm: Float[np.ndarray, " n"],
    ) -> SecondLook:
        """Judge and outline candidates, at least one.

        Args:
            hu: on a 1 mm grid.
            centers_voxel: candidates on that grid.
            diameters_mm: first-stage diameters.
        """
        crops = cut(hu, centers_voxel, diameters_mm)
        return self.outline(crops, self.judge(crops))

    @torch.no_grad()
    def judge(self, crops: Crops) -> Float32[np.ndarray, "samples n"]:
        """Logits of nodule or not: convolutions once a view, all samples in one batch."""
        seen = [self.convolutions.judging(*crops.mirrored(axes)) for axes in _VIEWS]
        with _same_dropout():
            return self.refiner.judge(self._samples(seen), drop=True).numpy()

    @torch.no_grad()
    def outline(self, crops: Crops, logits: Float32[np.ndarray, "samples n"]) -> SecondLook:
        """Mask, size and kind of candidates whose judgement is known, at least one."""
        seen = [self.convolutions.outlining(*crops.mirrored(axes)) for axes in _VIEWS]
        masks = torch.stack(
            [
                torch.sigmoid(view.mask_logits[:, 0]).flip([axis - 1 for axis in axes])
                for view, axes in zip(seen, _VIEWS, strict=True)
            ]
        ).mean(0)
        with _same_dropout():
            features = self._samples([view.features for view in seen])
            said = self.refiner.describe(features, crops.extents_mm, drop=True)
        return SecondLook(
            logits,
            said.log_diameter.numpy(),
            torch.softmax(said.density_logits, -1).mean(0).numpy(),
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
