"""What the insertion engine hands to the trainer."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class TrainingBatch(NamedTuple):
    """``n`` patches with up to ``k`` nodules each; positions in patch voxels = millimetres.

    ``density`` is an index into ``models.detector.refiner.DENSITIES`` or -1 where unknown;
    ``doubtful`` rows may be nodules: neither taught nor counted as false;
    ``has_mask`` is false for real lesions of which only centre and diameter are known.
    """

    image: Tensor  # [n, 1, p, p, p] normalised
    label: Tensor  # [n, 1, p, p, p] float, 1 + index of the nodule, 0 elsewhere
    centers: Tensor  # [n, k, 3] (z, y, x)
    diameters_mm: Tensor  # [n, k]
    valid: Tensor  # [n, k] bool
    density: Tensor  # [n, k] long
    has_mask: Tensor  # [n, k] bool
    doubtful: Tensor  # [n, k] bool
