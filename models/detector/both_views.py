"""What a detector says of an image and of its mirror image, as one network: a teacher's answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.detector.contract import OFFSET

_LEFT_RIGHT = -1  # axis of ``[n, c, z, y, x]``
_OFFSET_X = OFFSET.stop - 1


class BothViews(nn.Module):
    """The mean over an image and its mirror image, the latter turned back.

    What ``models.runtime.mirrors`` makes of a network that runs, for one that teaches.

    Args:
        detector: ``[n, 1, z, y, x]`` to ``[n, 6, z/4, y/4, x/4]``; sees each batch twice.
    """

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, image: Tensor) -> Tensor:
        """Return the mean; an offset to one side in the mirror is one to the other."""
        reflected = self.detector(image.flip(_LEFT_RIGHT)).flip(_LEFT_RIGHT)
        sign = torch.ones(reflected.shape[1], 1, 1, 1, device=image.device)
        sign[_OFFSET_X] = -1
        mean: Tensor = (self.detector(image) + reflected * sign) / 2
        return mean
