"""What is explained: one finding of one torch detector, the crop of the CT around it, and the map.

Any detector can be explained by a small subclass of ``Subject``; ``shipped_detector`` is ours.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float32
from numpy.typing import ArrayLike
from torch import Tensor, nn

from medical.geometry import VolumeGeometry
from medical.io.nifti import write_nifti
from models.detector.normalise import normalise
from models.detector.peaks import Candidates

Target = Literal["class", "box"]
TARGETS: tuple[Target, ...] = ("class", "box")


def column(target: Target) -> int:
    """Where a target stands in what a subject returns.

    Raises:
        ValueError: there is no such target.
    """
    if target not in TARGETS:
        raise ValueError(f"target must be one of {', '.join(TARGETS)}, got {target!r}")
    return TARGETS.index(target)


class Subject(nn.Module, ABC):
    """One finding of a detector.

    ``forward`` takes ``[b, 1, z, y, x]`` normalised (see ``models.detector.normalise``) and
    returns ``[b, 2]``: the logit of the finding's class and its ln(diameter / mm). Both must be
    differentiable in the image and in the weights.
    """

    @property
    @abstractmethod
    def cam_layer(self) -> str:
        """Name of the submodule whose output ``[b, c, z', y', x']`` Grad-CAM++ weighs."""

    @property
    def gate_layer(self) -> str | None:
        """Name of a submodule that returns an attention gate's logits; ``None`` without one."""
        return None

    @abstractmethod
    def candidates(self, x: Tensor) -> Candidates:
        """All that the detector finds in ``[b, 1, z, y, x]``, for D-RISE."""

    @abstractmethod
    def stages(self) -> tuple[tuple[str, tuple[nn.Module, ...]], ...]:
        """Its parts by name from the output down to the input, for randomising weights."""

    def score(self, x: Tensor, target: Target) -> Tensor:
        """One number an image: ``[b]``."""
        both: Tensor = self(x)
        return both[:, column(target)]


EDGE = 64
WIDE_EDGE = 96
_WIDE_FROM_MM = 26.0
Voxel = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A cube of 1 mm voxels with one finding in it.

    Args:
        hu: ``[z, y, x]`` Hounsfield units.
        geometry: where the cube lies in the patient.
        center_voxel: (z, y, x) of the predicted box's centre in the cube.
        diameter_mm: of the predicted box.

    Raises:
        ValueError: shapes disagree, an edge is no multiple of 16, the centre lies outside, or the
            diameter is not positive.
    """

    hu: Float32[np.ndarray, "z y x"]
    geometry: VolumeGeometry
    center_voxel: tuple[float, float, float]
    diameter_mm: float

    def __post_init__(self) -> None:
        if self.hu.shape != self.geometry.shape:
            raise ValueError(f"hu is {self.hu.shape} but the geometry says {self.geometry.shape}")
        if any(edge % 16 for edge in self.hu.shape):
            raise ValueError(f"every edge must be a multiple of 16 voxels, got {self.hu.shape}")
        if not self.geometry.contains_voxel(self.center_voxel):
            raise ValueError(f"centre {self.center_voxel} lies outside a crop of {self.hu.shape}")
        if not self.diameter_mm > 0:
            raise ValueError(f"diameter_mm must be positive, got {self.diameter_mm}")

    @property
    def image(self) -> Tensor:
        """``[1, 1, z, y, x]`` as networks take it."""
        return normalise(torch.from_numpy(self.hu))[None, None]

    def near(self) -> tuple[slice, slice, slice]:
        """Return the finding's neighbourhood: a cube of twice its diameter, at least 24 mm."""
        half = max(12.0, self.diameter_mm)
        sides = [
            slice(max(0, round(c - half)), min(edge, round(c + half) + 1))
            for c, edge in zip(self.center_voxel, self.hu.shape, strict=True)
        ]
        return sides[0], sides[1], sides[2]


def crop_edge(diameter_mm: float) -> int:
    """Voxels along the edge of the cube for a finding of this diameter."""
    return WIDE_EDGE if diameter_mm >= _WIDE_FROM_MM else EDGE


def cut(
    hu: Float32[np.ndarray, "z y x"],
    geometry: VolumeGeometry,
    *,
    center_voxel: Sequence[float],
    diameter_mm: float,
    edge: int | None = None,
    shift: Voxel = (0, 0, 0),
) -> Crop:
    """Cut the cube around a finding; beyond the volume its edge is repeated.

    Args:
        hu: on a 1 mm grid.
        geometry: of ``hu``.
        center_voxel: (z, y, x) of the finding on that grid.
        diameter_mm: of its box.
        edge: of the cube, a multiple of 16; by the diameter where not given.
        shift: moves the cube by whole voxels, to test whether a map stays where it is.

    Raises:
        ValueError: the voxels are not 1 mm, or the finding lies outside the volume.
    """
    if not np.allclose(geometry.spacing_mm, 1.0, atol=1e-3):
        raise ValueError(f"voxels must be 1 mm, got spacing {geometry.spacing_mm}")
    if not geometry.contains_voxel(center_voxel):
        raise ValueError(f"centre {tuple(center_voxel)} lies outside a volume of {hu.shape}")
    size = edge or crop_edge(diameter_mm)
    middle = np.round(np.asarray(center_voxel, float)).astype(int) + np.array(shift)
    low = middle - size // 2
    index = [np.clip(np.arange(a, a + size), 0, n - 1) for a, n in zip(low, hu.shape, strict=True)]
    start: Voxel = (int(low[0]), int(low[1]), int(low[2]))
    stop: Voxel = (start[0] + size, start[1] + size, start[2] + size)
    z, y, x = (float(c - a) for c, a in zip(center_voxel, low, strict=True))
    cube = np.ascontiguousarray(hu[np.ix_(*index)], dtype=np.float32)
    return Crop(cube, geometry.cropped(start, stop), (z, y, x), diameter_mm)


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """How much each voxel speaks for one finding.

    Args:
        values: ``[z, y, x]`` from 0 to 1, 1 at the strongest voxel; all 0 where the method found
            nothing.
        crop: the HU that were explained, on the same grid, and their place in the patient.
        method: its name, as tables and files show it.
        target: which of the finding's numbers was explained.

    Raises:
        ValueError: shapes disagree, or a value is not finite or outside 0 to 1.
    """

    values: Float32[np.ndarray, "z y x"]
    crop: Crop
    method: str
    target: Target = "class"

    def __post_init__(self) -> None:
        column(self.target)
        if self.values.shape != self.crop.hu.shape:
            raise ValueError(f"map is {self.values.shape} but the crop is {self.crop.hu.shape}")
        low, high = float(self.values.min()), float(self.values.max())
        if not (low >= 0 and high <= 1):
            raise ValueError(f"values must lie from 0 to 1, got {low} to {high}")

    @classmethod
    def scaled(
        cls, values: ArrayLike, crop: Crop, *, method: str, target: Target = "class"
    ) -> Explanation:
        """Drop what speaks against the finding, and scale the strongest voxel to 1.

        Raises:
            ValueError: a value is not finite.
        """
        raw = np.asarray(values, dtype=np.float64)
        if not np.isfinite(raw).all():
            raise ValueError(f"{method} gave values that are not finite")
        positive = np.maximum(raw, 0.0)
        top = positive.max()
        unit = positive / top if top > 0 else positive
        return cls(np.minimum(unit, 1.0).astype(np.float32), crop, method, target)

    @property
    def geometry(self) -> VolumeGeometry:
        """Where the map lies in the patient."""
        return self.crop.geometry

    @property
    def peak_voxel(self) -> tuple[int, int, int]:
        """(z, y, x) of the strongest voxel."""
        z, y, x = np.unravel_index(int(self.values.argmax()), self.values.shape)
        return int(z), int(y), int(x)

    def write_nifti(self, path: Path) -> None:
        """Write as NIfTI, float32, RAS millimetres as the format asks."""
        description = f"{self.method}, {self.target}; research use only"
        write_nifti(self.values, self.geometry, path, description=description)
