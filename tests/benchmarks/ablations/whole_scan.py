"""A RetinaNet over a whole CT: what the heads say is blended where windows overlap, then decoded.

As MONAI does it. Boxes decoded window by window could not be blended: two windows that put one
nodule into neighbouring cells would cancel each other.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float32
from monai.inferers import sliding_window_inference
from torch.nn import functional

from medical.detection.candidates import WINDOW, CandidateSet, candidates_in
from models.detector.contract import STRIDE
from models.detector.normalise import normalise
from tests.benchmarks.ablations.retina import MIN_SIZE, AnchorDetector

OVERLAP = 0.25  # windows begin at multiples of every stride


@torch.no_grad()
def find_in_anchors(
    hu: Float32[np.ndarray, "z y x"],
    lung: Bool[np.ndarray, "z y x"],
    detector: AnchorDetector,
    *,
    device: torch.device,
) -> CandidateSet:
    """Find what might be a nodule, see ``medical.detection.candidates.find_in_windows``.

    Args:
        hu: on a 1 mm axial grid.
        lung: same shape; a candidate must touch it.
        detector: on ``device``, in evaluation mode.
        device: where the convolutions run.
    """
    image = normalise(torch.from_numpy(hu))[None, None]
    grow = [
        max(window, -(-length // MIN_SIZE) * MIN_SIZE) - length
        for window, length in zip(WINDOW, hu.shape, strict=True)
    ]
    padding = [extra for each in reversed(grow) for extra in (0, each)]
    image = functional.pad(image, padding, mode="replicate")
    maps = sliding_window_inference(
        image,
        WINDOW,
        1,
        lambda window: tuple(detector.maps(window)),
        overlap=OVERLAP,
        mode="gaussian",
        sigma_scale=0.25,
        sw_device=device,
        device=torch.device("cpu"),
    )
    z, y, x = (-(-length // STRIDE) for length in hu.shape)
    return candidates_in(detector.read_maps(list(maps), image)[0, :, :z, :y, :x].numpy(), lung)
