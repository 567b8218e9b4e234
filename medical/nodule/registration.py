"""The map from this CT to an earlier one; ``affine_registration`` finds it, by SimpleITK."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """A map from this CT to the earlier one.

    Args:
        affine_lps_mm: 4x4, takes (x, y, z, 1) of this CT to that of the earlier, LPS millimetres.
        correlation: correlation of the two CTs once laid over each other, 1 at best.
    """

    affine_lps_mm: NDArray[np.float64]
    correlation: float

    def to_prior(self, points_lps_mm: ArrayLike) -> Float[np.ndarray, "*n 3"]:
        """Points ``[..., 3]`` of this CT to where they lie in the earlier one."""
        points = np.asarray(points_lps_mm, dtype=np.float64)
        return points @ self.affine_lps_mm[:3, :3].T + self.affine_lps_mm[:3, 3]
