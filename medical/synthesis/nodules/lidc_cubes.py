"""Real nodules as cubes of 1 mm voxels, with or without what lies around them.

LIDC's were cut out of their CTs as volumes of interest at native voxels. Along the slices a volume
holds the nodule and at most about one slice more, so what is set into another lung is the nodule
with a rim, never its surroundings.

Source:
    LIDC-IDRI, CC BY 3.0; outlines where at least half of the radiologists agree.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from jaxtyping import Bool, Float32, Int, UInt8
from scipy import ndimage

CUBE = 51  # voxels along an edge
CENTER_VOXEL = 26.5  # where nodules sit, measured on LIDC's cubes: 1.5 voxels past the middle
_GROWN = 5  # width of the box that an outline is grown by: what belongs to a nodule beyond it
_RIM_MM = 1.5  # beyond the outline, which is generous: what a nodule blurs into
_MIN_VOXELS = 9


@dataclass(frozen=True, slots=True, eq=False)
class RealCubes:
    """``m`` nodules, each at ``CENTER_VOXEL`` of its cube.

    Args:
        code: HU = 8 * code - 1024.
        masks: their outlines.
        reach: outline and rim: what is set in when a nodule comes without its surroundings; inside
            the voxels that the source showed.
        whole: whether the cube's other voxels were seen too, so that surroundings can come along.
    """

    code: UInt8[np.ndarray, "m 51 51 51"]
    masks: Bool[np.ndarray, "m 51 51 51"]
    reach: Bool[np.ndarray, "m 51 51 51"]
    whole: Bool[np.ndarray, " m"]

    @classmethod
    def seen_whole(
        cls, code: UInt8[np.ndarray, "m 51 51 51"], masks: Bool[np.ndarray, "m 51 51 51"]
    ) -> Self:
        """Cubes of which every voxel is a CT's."""
        grown = [ndimage.binary_dilation(mask, np.ones((_GROWN,) * 3)) for mask in masks]
        reach = np.stack(grown) if len(grown) else np.zeros_like(masks)
        return cls(code, masks, reach, np.ones(len(code), bool))

    def __len__(self) -> int:
        """How many."""
        return len(self.code)

    def only(self, selected: Bool[np.ndarray, " m"] | Int[np.ndarray, " k"]) -> RealCubes:
        """Return some of them."""
        return RealCubes(
            self.code[selected], self.masks[selected], self.reach[selected], self.whole[selected]
        )

    def joined(self, other: RealCubes) -> RealCubes:
        """Join these with others, these first."""
        return RealCubes(
            np.concatenate([self.code, other.code]),
            np.concatenate([self.masks, other.masks]),
            np.concatenate([self.reach, other.reach]),
            np.concatenate([self.whole, other.whole]),
        )

    def to_arrays(self) -> dict[str, np.ndarray]:
        """As a pool's file keeps them: outlines as bits."""
        return {
            "cubes": self.code,
            "cube_masks": np.packbits(self.masks),
            "cube_reach": np.packbits(self.reach),
            "cube_whole": self.whole,
        }

    @classmethod
    def from_arrays(cls, stored: dict[str, np.ndarray]) -> Self:
        """From what ``to_arrays`` gave; files without ``cube_reach`` hold whole cubes."""
        code = stored["cubes"]

        def unpacked(name: str) -> Bool[np.ndarray, "m 51 51 51"]:
            bits = np.unpackbits(stored[name])[: code.size]
            return bits.reshape(code.shape).astype(bool)

        if "cube_reach" not in stored:
            return cls.seen_whole(code, unpacked("cube_masks"))
        return cls(code, unpacked("cube_masks"), unpacked("cube_reach"), stored["cube_whole"])


@dataclass(frozen=True, slots=True, eq=False)
class Voi:
    """One nodule at its CT's own voxels.

    Args:
        patient: LIDC's pseudonym, so that splits go by patient.
        series_uid: of the CT.
        code: ``[z, y, x]`` HU = 8 * code - 1024.
        mask: the radiologists' outline, about an eighth wider than ``diameter_mm``.
        spacing_mm: ``(z, y, x)``.
        diameter_mm: LUNA16's.
        texture: mean rating, 1 ground-glass to 5 solid.
        calcification: mean rating, 6 absent.
    """

    patient: str
    series_uid: str
    code: UInt8[np.ndarray, "z y x"]
    mask: Bool[np.ndarray, "z y x"]
    spacing_mm: tuple[float, float, float]
    diameter_mm: float
    texture: float
    calcification: float

    @property
    def hu(self) -> Float32[np.ndarray, "z y x"]:
        """Hounsfield units."""
        return self.code.astype(np.float32) * 8 - 1024


def read_vois(folder: Path) -> Iterator[Voi]:
    """Yield the volumes of ``lidc_vois.npz`` in the order of ``lidc_vois.csv``, in ``folder``."""
    with np.load(folder / "lidc_vois.npz", allow_pickle=False) as stored:
        image, packed = stored["image"], stored["mask_packed"]
    bits = np.unpackbits(packed)
    with (folder / "lidc_vois.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            shape = tuple(int(row[f"shape_{axis}"]) for axis in "zyx")
            where = slice(start := int(row["offset"]), start + math.prod(shape))
            z_mm, y_mm, x_mm = (float(row[f"spacing_{axis}"]) for axis in "zyx")
            yield Voi(
                row["patient"],
                row["seriesuid"],
                image[where].reshape(shape),
                bits[where].reshape(shape).astype(bool),
                (z_mm, y_mm, x_mm),
                float(row["luna_diameter_mm"]),
                float(row["texture"]),
                float(row["calcification"]),
            )


def cubes_of(vois: Iterator[Voi], *, wanted: Callable[[Voi], bool]) -> RealCubes:
    """Resample the wanted volumes to cubes of 1 mm.

    Args:
        vois: at native voxels.
        wanted: which of them to keep: those of a side of a split.
    """
    made = [_cube_of(voi) for voi in vois if wanted(voi)]
    code, masks, reach = (np.stack(part) for part in zip(*made, strict=True))
    return RealCubes(code, masks, reach, np.zeros(len(code), bool))


def _cube_of(voi: Voi) -> tuple[UInt8[np.ndarray, "e e e"], np.ndarray, np.ndarray]:
    """Code, outline of the volume of ``diameter_mm``, and what may be set in."""
    spacing = np.array(voi.spacing_mm)
    center = np.argwhere(voi.mask).mean(0)
    axes = [
        (np.arange(CUBE) - CENTER_VOXEL) / mm + c for mm, c in zip(spacing, center, strict=True)
    ]
    at = np.stack(np.meshgrid(*axes, indexing="ij"))
    code = ndimage.map_coordinates(voi.code.astype(np.float32), at, order=1, mode="nearest")
    # distances are of voxels that the source showed: half a voxel beyond its faces still is one
    room = np.pad(voi.mask, 1)
    signed = ndimage.distance_transform_edt(room, spacing) - ndimage.distance_transform_edt(
        ~room, spacing
    )
    depth = ndimage.map_coordinates(signed, at + 1, order=1, mode="nearest")
    seen = np.ones((CUBE,) * 3, bool)
    for along, length in zip(at, voi.mask.shape, strict=True):
        seen &= (along > -0.5) & (along < length - 0.5)
    depth[~seen] = -np.inf
    voxels = max(_MIN_VOXELS, round(math.pi / 6 * voi.diameter_mm**3))
    level = np.sort(depth, axis=None)[-min(voxels, int(seen.sum()))]
    mask = (depth >= level) & (depth > -_RIM_MM)
    return np.clip(np.round(code), 0, 255).astype(np.uint8), mask, depth > -_RIM_MM
