"""The pool that nodules to insert are drawn from: real cubes and radiologists' shapes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from jaxtyping import Bool, Int, UInt8

from medical.ct.insertion.contours import EDGE, ContourShape


@dataclass(frozen=True, slots=True, eq=False)
class NodulePool:
    """What can be inserted.

    Args:
        shapes: ``[n, 48, 48, 48]`` outlines of unit size.
        texture: ``[n]`` LIDC rating, 1 ground-glass ... 5 solid.
        calcification: ``[n]`` LIDC rating, 6 absent.
        cubes: ``[m, 51, 51, 51]`` real nodules at 1 mm, HU = 8 * code - 1024.
        cube_masks: ``[m, 51, 51, 51]`` their outlines.
    """

    shapes: Bool[np.ndarray, "n 48 48 48"]
    texture: Int[np.ndarray, " n"]
    calcification: Int[np.ndarray, " n"]
    cubes: UInt8[np.ndarray, "m 51 51 51"]
    cube_masks: Bool[np.ndarray, "m 51 51 51"]

    @classmethod
    def build(
        cls,
        shapes: list[ContourShape],
        cubes: UInt8[np.ndarray, "m 51 51 51"],
        cube_masks: Bool[np.ndarray, "m 51 51 51"],
    ) -> Self:
        """Gather shapes and cubes."""
        return cls(
            np.stack([s.mask for s in shapes]),
            np.array([s.texture for s in shapes]),
            np.array([s.calcification for s in shapes]),
            cubes,
            cube_masks,
        )

    def save(self, path: Path) -> None:
        """Write as compressed ``.npz``, outlines as bits."""
        np.savez_compressed(
            path,
            shapes=np.packbits(self.shapes),
            texture=self.texture.astype(np.uint8),
            calcification=self.calcification.astype(np.uint8),
            cubes=self.cubes,
            cube_masks=np.packbits(self.cube_masks),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            count = len(stored["texture"])
            shapes = np.unpackbits(stored["shapes"])[: count * EDGE**3]
            cubes = stored["cubes"]
            masks = np.unpackbits(stored["cube_masks"])[: cubes.size]
            return cls(
                shapes.reshape(count, EDGE, EDGE, EDGE).astype(bool),
                stored["texture"].astype(int),
                stored["calcification"].astype(int),
                cubes,
                masks.reshape(cubes.shape).astype(bool),
            )
