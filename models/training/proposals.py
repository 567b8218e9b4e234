"""Where the second stage shall look besides the first stage's own marks.

A first stage that has trained for long on few lungs knows them by heart: what it still marks there
is unlike what it marks in lungs it has not seen, and a second stage that learns on those marks
alone ranks worse the longer it trains. Blobs are found by their contrast only, so they stay what
they are: vessels seen end on, forks, rib ends.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.detector.detector import LOG_DIAMETER, STRIDE
from models.detector.peaks import Candidates

_GRID_MM = 2
_LEAST_CONTRAST = 0.12  # of the normalised image: about 120 HU above what lies around
_LUNG = -0.5  # normalised; about -515 HU: a blob must lie within 8 mm of something as thin
_MARGIN = 4  # cells of the 2 mm grid along the border, where surroundings are cut off


def blob_peaks(image: Tensor, output: Tensor, *, most: int) -> Candidates:
    """Draw bright blobs in or at lung, the more contrast the likelier.

    Args:
        image: ``[n, 1, p, p, p]`` normalised, 1 mm.
        output: ``[n, 6, p/4, p/4, p/4]`` of a detector, for the diameter that it says there.
        most: how many a patch.

    Returns:
        Candidates whose logits are 0 where a blob was found and -1e4 where there were too few.
    """
    coarse = functional.avg_pool3d(image.float(), _GRID_MM)
    near, around = (
        functional.avg_pool3d(coarse, width, 1, width // 2, count_include_pad=False)
        for width in (3, 9)
    )
    contrast = near - around
    by_lung = functional.max_pool3d(-coarse, 9, 1, 4) > -_LUNG
    inner = torch.zeros_like(by_lung)
    inner[(..., *(slice(_MARGIN, -_MARGIN),) * 3)] = True
    top = contrast == functional.max_pool3d(contrast, 3, 1, 1)
    blob = top & by_lung & inner & (contrast > _LEAST_CONTRAST)
    wish = torch.where(blob, contrast * torch.rand_like(contrast), -1.0).flatten(1)
    strength, index = wish.topk(most, dim=1)
    edge = coarse.shape[-1]
    cell = torch.stack([index // edge**2, index // edge % edge, index % edge], -1)
    said = output.float()[:, LOG_DIAMETER].flatten(1)
    cells = output.shape[-1]
    z, y, x = (cell * _GRID_MM // STRIDE).unbind(-1)
    diameters = said.gather(1, (z * cells + y) * cells + x).clamp(0.5, 4.6).exp()
    centers = (cell.float() + 0.5) * _GRID_MM - 0.5
    return Candidates(centers, diameters, torch.where(strength > 0, 0.0, -1e4))
