"""Pulmonary arteries and veins: two trees a lung, down to a millimetre in the periphery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medical.synthesis.phantom.fields import Volume
from medical.synthesis.phantom.frame import Frame
from medical.synthesis.phantom.lungs import Lungs
from medical.synthesis.phantom.shapes import coverage, tube
from medical.synthesis.phantom.tree import Points, Tree, grow_tree

VESSEL_HU = 30.0
LEAF_RADIUS_MM = 0.42
# A tube thinner than this would fall between voxel centres; it is drawn this wide and fainter.
DRAWN_RADIUS_MM = 0.75
CARRIERS: dict[str, int] = {"artery": 1700, "vein": 1300}
ROOTS: dict[tuple[str, bool], tuple[float, float, float]] = {
    ("artery", False): (-40, 4, 139),
    ("artery", True): (45, 13, 148),
    ("vein", False): (-42, 0, 118),
    ("vein", True): (44, 4, 124),
}


@dataclass(frozen=True, slots=True, eq=False)
class LungTree:
    """One tree: what it carries, on which side."""

    kind: Literal["artery", "vein"]
    left: bool
    tree: Tree


def grow_vessels(frame: Frame, lungs: Lungs, rng: np.random.Generator) -> list[LungTree]:
    """Arteries and veins of both lungs; ``frame`` must be the straight one."""
    kinds: tuple[Literal["artery", "vein"], ...] = ("artery", "vein")
    trees = []
    for left in (False, True):
        inside = np.argwhere((lungs.distance < -2.5) & (lungs.left == left))
        for kind in kinds:
            carriers = _spread(frame, inside, rng, count=CARRIERS[kind])
            root = np.array(ROOTS[kind, left])
            tree = grow_tree(root, carriers, leaf_radius_mm=LEAF_RADIUS_MM)
            trees.append(LungTree(kind, left, tree))
    return trees


def draw_tree(frame: Frame, tree: Tree, share: Volume) -> None:
    """Add a tree to ``share``, the part of each voxel that vessels fill, in place."""
    for start, stop, start_radius, stop_radius in tree.segments():
        r0, r1 = max(start_radius, DRAWN_RADIUS_MM), max(stop_radius, DRAWN_RADIUS_MM)
        faint = min(1.0, ((start_radius + stop_radius) / (r0 + r1)) ** 2)
        reach = max(r0, r1) + 1.5
        part = frame.around(np.minimum(start, stop) - reach, np.maximum(start, stop) + reach)
        if part is None:
            continue
        at, near = part
        distance = tube(near, start, stop, start_radius=r0, stop_radius=r1)
        np.maximum(share[at], faint * coverage(distance), out=share[at])


def _spread(
    frame: Frame, inside: NDArray[np.int64], rng: np.random.Generator, *, count: int
) -> Points:
    """``count`` points of the lung, more even than chance: best of several tries each."""
    picks = inside[rng.integers(len(inside), size=count * 3)]
    jitter = rng.uniform(-0.5, 0.5, picks.shape)
    zyx = (picks + jitter) * np.array(frame.spacing_mm)
    first = np.array([frame.z.ravel()[0], frame.y.ravel()[0], frame.x.ravel()[0]])
    points = (zyx + first)[:, ::-1]
    # Thin out the closest: keep a point only if it is the loneliest of its three neighbours' group.
    chosen = [points[0]]
    for trio in points.reshape(-1, 3, 3)[1:]:
        gaps = np.linalg.norm(trio[:, None] - np.array(chosen)[None], axis=2).min(axis=1)
        chosen.append(trio[int(gaps.argmax())])
    return np.asarray(chosen)
