"""The one typed map between voxels and the patient: every coordinate goes through it.

Voxel positions are ``(z, y, x)`` floats at voxel centres; points in the patient are LPS
millimetres ``(x, y, z)`` as in DICOM (PS3.3 C.7.6.2.1.1) and LUNA16. The map is a full affine, so
oblique, sagittal, reversed and gantry-tilted (sheared) stacks need no special case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray

Shape3 = tuple[int, int, int]
Spacing3 = tuple[float, float, float]
Points = Float[np.ndarray, "*n 3"]


@dataclass(frozen=True, slots=True, eq=False)
class VolumeGeometry:
    """Where a volume ``[z, y, x]`` lies in the patient.

    Args:
        shape: number of voxels ``(z, y, x)``, each at least 1.
        affine_lps_mm: 4x4, maps the column ``(z, y, x, 1)`` in voxels to ``(x, y, z, 1)`` in LPS
            millimetres.

    Raises:
        ValueError: the shape is empty, or the affine is not 4x4, not finite or not invertible.
    """

    shape: Shape3
    affine_lps_mm: NDArray[np.float64]

    def __post_init__(self) -> None:
        affine = np.array(self.affine_lps_mm, dtype=np.float64)
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise ValueError(f"shape must be three positive counts (z, y, x), got {self.shape}")
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise ValueError(f"affine_lps_mm must be a finite 4x4 matrix, got {affine.tolist()}")
        if abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise ValueError(f"affine_lps_mm must be invertible, got {affine.tolist()}")
        affine.setflags(write=False)
        object.__setattr__(self, "affine_lps_mm", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @classmethod
    def from_axes(
        cls,
        *,
        shape: Shape3,
        origin_lps_mm: ArrayLike,
        z_step_lps_mm: ArrayLike,
        y_step_lps_mm: ArrayLike,
        x_step_lps_mm: ArrayLike,
    ) -> Self:
        """Build from the position of voxel (0, 0, 0) and the step to the next one on each axis."""
        affine = np.eye(4)
        for column, step in enumerate((z_step_lps_mm, y_step_lps_mm, x_step_lps_mm)):
            affine[:3, column] = np.asarray(step, dtype=np.float64)
        affine[:3, 3] = np.asarray(origin_lps_mm, dtype=np.float64)
        return cls(shape, affine)

    @classmethod
    def axial(
        cls, *, shape: Shape3, spacing_mm: Spacing3, origin_lps_mm: Sequence[float] = (0, 0, 0)
    ) -> Self:
        """Build an upright axial stack: x to the patient's left, y to the back, z to the head."""
        z_mm, y_mm, x_mm = spacing_mm
        return cls.from_axes(
            shape=shape,
            origin_lps_mm=origin_lps_mm,
            z_step_lps_mm=(0, 0, z_mm),
            y_step_lps_mm=(0, y_mm, 0),
            x_step_lps_mm=(x_mm, 0, 0),
        )

    @property
    def spacing_mm(self) -> Spacing3:
        """Distance between neighbouring voxel centres along ``(z, y, x)``, millimetres."""
        z_mm, y_mm, x_mm = np.linalg.norm(self.affine_lps_mm[:3, :3], axis=0)
        return float(z_mm), float(y_mm), float(x_mm)

    @property
    def origin_lps_mm(self) -> NDArray[np.float64]:
        """Centre of voxel (0, 0, 0) in LPS millimetres ``(x, y, z)``."""
        return self.affine_lps_mm[:3, 3].copy()

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel, cubic millimetres (right for sheared stacks too)."""
        return float(abs(np.linalg.det(self.affine_lps_mm[:3, :3])))

    def voxel_to_lps(self, points_voxel: ArrayLike) -> Points:
        """Map voxel positions ``[..., 3]`` as ``(z, y, x)`` to LPS millimetres ``(x, y, z)``."""
        points = np.asarray(points_voxel, dtype=np.float64)
        return points @ self.affine_lps_mm[:3, :3].T + self.affine_lps_mm[:3, 3]

    def lps_to_voxel(self, points_lps_mm: ArrayLike) -> Points:
        """Map LPS millimetres ``[..., 3]`` as ``(x, y, z)`` to voxel positions ``(z, y, x)``."""
        points = np.asarray(points_lps_mm, dtype=np.float64) - self.affine_lps_mm[:3, 3]
        return points @ np.linalg.inv(self.affine_lps_mm[:3, :3]).T

    def contains_voxel(self, points_voxel: ArrayLike) -> NDArray[np.bool_]:
        """Whether each voxel position ``[..., 3]`` lies within the volume's outer faces."""
        points = np.asarray(points_voxel, dtype=np.float64)
        inside = (points >= -0.5) & (points <= np.array(self.shape) - 0.5)
        return np.asarray(inside.all(axis=-1))

    def cropped(self, start: Shape3, stop: Shape3) -> VolumeGeometry:
        """Crop to ``volume[start[0]:stop[0], start[1]:stop[1], start[2]:stop[2]]``."""
        affine = self.affine_lps_mm.copy()
        affine[:3, 3] = self.voxel_to_lps(start)
        z, y, x = (int(b) - int(a) for a, b in zip(start, stop, strict=True))
        return VolumeGeometry((z, y, x), affine)

    def isotropic(self, spacing_mm: float = 1.0) -> VolumeGeometry:
        """Return the upright axial grid of ``spacing_mm`` voxels that just holds this volume.

        Its axes are the patient's (z to the head, y to the back, x to the left), whatever the
        orientation of this stack.
        """
        far = np.array(self.shape) - 1
        corners = np.stack(np.meshgrid(*[(0, n) for n in far], indexing="ij"), axis=-1)
        corners_lps_mm = self.voxel_to_lps(corners.reshape(-1, 3))
        low, high = corners_lps_mm.min(axis=0), corners_lps_mm.max(axis=0)
        x, y, z = (int(n) for n in np.floor((high - low) / spacing_mm + 1e-6) + 1)
        return VolumeGeometry.axial(
            shape=(z, y, x), spacing_mm=(spacing_mm,) * 3, origin_lps_mm=low.tolist()
        )
