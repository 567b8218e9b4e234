"""Second stage: look again at each candidate, with Monte-Carlo dropout samples.

The spread of samples is not shown as an interval; ``calibration`` makes intervals of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from medical.nodule.measure import MaskSize, central_component, measure_mask
from models.detector.crops import crop_around
from models.detector.normalise import normalise
from models.detector.refiner import CONTEXT_FACTOR, CROP, Embedded, Refiner, near_extent_mm

# Views of a crop, by the axes along which it is mirrored: lungs have no handedness, training
# mirrors too, and the mean over views errs less than any one of them.
_VIEWS: tuple[tuple[int, ...], ...] = ((), (4,), (3,), (2,))
_SEED = 20160602  # fixed: the same CT gives the same intervals


@dataclass(frozen=True, slots=True, eq=False)
class SecondLook:
    """What the refiner says about ``n`` candidates.

    Args:
        logits: ``[passes, n]`` nodule or not.
        log_diameters: ``[passes, n]`` ln(diameter / mm).
        density: ``[n, 4]`` mean probability in the order of ``models.detector.refiner.DENSITIES``.
        masks: ``[n, 32, 32, 32]`` probability of nodule on the near crop.
        extents_mm: ``[n]`` edge of that crop.
    """

    logits: Float32[np.ndarray, "passes n"]
    log_diameters: Float32[np.ndarray, "passes n"]
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


@torch.no_grad()
def look_again(
    hu: Float32[np.ndarray, "z y x"],
    centers_voxel: Float[np.ndarray, "n 3"],
    diameters_mm: Float[np.ndarray, " n"],
    *,
    refiner: Refiner,
    embed: Callable[[Tensor, Tensor, Tensor], Embedded],
    passes: int,
) -> SecondLook:
    """Run the refiner: convolutions once a view, ``passes`` dropout samples in one batch.

    Each sample takes the next of the mirrored views, so the spread holds both what dropout and
    what mirroring change; the mask is the mean over views.

    Args:
        hu: on a 1 mm grid.
        centers_voxel: candidates on that grid.
        diameters_mm: first-stage diameters.
        refiner: for its dropout layers.
        embed: its convolutions, compiled or not.
        passes: number of samples, at least 2.
    """
    if passes < 2:
        raise ValueError(f"passes must be at least 2, got {passes}")
    volume = normalise(torch.from_numpy(hu))[None, None]
    centers = torch.from_numpy(np.ascontiguousarray(centers_voxel)).float()
    extents = near_extent_mm(torch.from_numpy(np.ascontiguousarray(diameters_mm)).float())
    near = crop_around(volume, centers, extents, size=CROP)
    context = crop_around(volume, centers, extents * CONTEXT_FACTOR, size=CROP)
    seen = [_embed_view(embed, near, context, extents, axes) for axes in _VIEWS]
    features = torch.stack([view.features for view in seen])
    masks = torch.stack([torch.sigmoid(view.mask_logits[:, 0]) for view in seen]).mean(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        opinion = refiner.judge(features[torch.arange(passes) % len(_VIEWS)], extents, drop=True)
    return SecondLook(
        opinion.logit.numpy(),
        opinion.log_diameter.numpy(),
        torch.softmax(opinion.density_logits, -1).mean(0).numpy(),
        masks.numpy(),
        extents.numpy(),
    )


def _embed_view(
    embed: Callable[[Tensor, Tensor, Tensor], Embedded],
    near: Tensor,
    context: Tensor,
    extents: Tensor,
    axes: tuple[int, ...],
) -> Embedded:
    """Mirror crops, run the convolutions, mirror the mask back."""
    if not axes:
        return embed(near, context, extents)
    view = embed(near.flip(axes).contiguous(), context.flip(axes).contiguous(), extents)
    return Embedded(view.features, view.mask_logits.flip(axes))
