"""Real nodules as cubes of 1 mm voxels, with or without what lies around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Bool, Int, UInt8
from scipy import ndimage

CUBE = 51  # voxels along an edge
CENTER_VOXEL = 26.5  # where nodules sit, measured on LIDC's cubes: 1.5 voxels past the middle
_GROWN = 5  # width of the box that an outline is grown by: what belongs to a nodule beyond it


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

    def only(self, kept: Bool[np.ndarray, " m"] | Int[np.ndarray, " k"]) -> RealCubes:
        """Return some of them."""
        return RealCubes(self.code[kept], self.masks[kept], self.reach[kept], self.whole[kept])

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
