"""The pool that nodules to insert are drawn from: real cubes and radiologists' shapes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from jaxtyping import Bool, Int

from medical.synthesis.nodules.contours import EDGE, ContourShape
from medical.synthesis.nodules.real_cubes import RealCubes


@dataclass(frozen=True, slots=True, eq=False)
class NodulePool:
    """What can be inserted.

    Args:
        shapes: ``[n, 48, 48, 48]`` outlines of unit size.
        texture: ``[n]`` LIDC rating, 1 ground-glass ... 5 solid.
        calcification: ``[n]`` LIDC rating, 6 absent.
        cubes: real nodules at 1 mm.
    """

    shapes: Bool[np.ndarray, "n 48 48 48"]
    texture: Int[np.ndarray, " n"]
    calcification: Int[np.ndarray, " n"]
    cubes: RealCubes

    @classmethod
    def build(cls, shapes: list[ContourShape], cubes: RealCubes) -> Self:
        """Gather shapes and cubes."""
        return cls(
            np.stack([s.mask for s in shapes]),
            np.array([s.texture for s in shapes]),
            np.array([s.calcification for s in shapes]),
            cubes,
        )

    def save(self, path: Path) -> None:
        """Write as compressed ``.npz``, outlines as bits."""
        np.savez_compressed(
            path,
            shapes=np.packbits(self.shapes),
            texture=self.texture.astype(np.uint8),
            calcification=self.calcification.astype(np.uint8),
            **self.cubes.to_arrays(),  # type: ignore[arg-type]
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            count = len(stored["texture"])
            shapes = np.unpackbits(stored["shapes"])[: count * EDGE**3]
            return cls(
                shapes.reshape(count, EDGE, EDGE, EDGE).astype(bool),
                stored["texture"].astype(int),
                stored["calcification"].astype(int),
                RealCubes.from_arrays({name: stored[name] for name in stored.files}),
            )
