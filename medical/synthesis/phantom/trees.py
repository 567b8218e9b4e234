"""Trees that divide as vessels and airways do, and the vessels of the lungs.

A tree is grown as a balanced spanning tree, thick where much hangs on.

Source:
    Cuntz et al., PLoS Comput Biol 2010;6:e1000877 (minimum spanning tree with a balancing factor);
    radii by Murray's law with the exponent lowered until lobar branches had the width seen on CT.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medical.synthesis.phantom.fields import Frame, Volume, coverage, path_field, tube
from medical.synthesis.phantom.lungs import Lungs

MURRAY = 2.45
Points = NDArray[np.float64]
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
AIR_HU, WALL_HU = -985.0, 10.0
_TRUNKS = (
    (((-2, -4, 300), (-2, 4, 220), (-1, 14, 164)), (9.5, 9.5, 9.0)),
    (((-1, 14, 164), (-22, 18, 147), (-40, 14, 137)), (8.0, 7.0, 6.0)),
    (((-40, 14, 137), (-45, 22, 116), (-50, 30, 96)), (4.6, 3.4, 1.8)),
    (((45, 20, 136), (50, 27, 118), (54, 34, 98)), (4.4, 3.2, 1.8)),
    (((-1, 14, 164), (24, 20, 143), (45, 20, 136)), (7.5, 6.2, 5.5)),
)
# Bronchi narrower than this cannot be told from noise at these voxels.
SMALLEST_RADIUS_MM = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A rooted tree in space.

    Args:
        points: ``[n, 3]`` ``(x, y, z)`` phantom millimetres; the root is 0 and parents come first.
        parent: ``[n]``, the root's own is 0.
        radius: ``[n]`` millimetres.
    """

    points: Points
    parent: NDArray[np.int64]
    radius: NDArray[np.float64]

    def segments(self, *, pieces: int = 3) -> Iterator[tuple[Points, Points, float, float]]:
        """Short straight tubes along the tree's curved branches: start, stop, their radii."""
        tangent = self._tangents()
        t = np.linspace(0, 1, pieces + 1)[:, None]
        h00, h10 = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t
        h01, h11 = -2 * t**3 + 3 * t**2, t**3 - t**2
        for child in range(1, len(self.points)):
            start, length = self.parent[child], 1.0
            a, b = self.points[start], self.points[child]
            length = float(np.linalg.norm(b - a))
            curve = h00 * a + h10 * length * tangent[start] * 0.6
            curve = curve + h01 * b + h11 * length * tangent[child] * 0.8
            # A branch leaves with its own width, not with that of the trunk.
            first = min(self.radius[start], 1.15 * self.radius[child])
            radii = np.linspace(first, self.radius[child], pieces + 1)
            for k in range(pieces):
                yield curve[k], curve[k + 1], float(radii[k]), float(radii[k + 1])

    def _tangents(self) -> Points:
        """Return the unit direction at each node: from its parent towards its thickest child."""
        ahead = self.points.copy()
        widest = np.zeros(len(self.points))
        for child in range(1, len(self.points)):
            start = self.parent[child]
            if self.radius[child] > widest[start]:
                widest[start], ahead[start] = self.radius[child], self.points[child]
        direction = ahead - self.points[self.parent]
        norm = np.linalg.norm(direction, axis=1, keepdims=True)
        return np.asarray(direction / np.maximum(norm, 1e-6))


def grow_tree(
    root: Points, carriers: Points, *, leaf_radius_mm: float, balance: float = 0.45
) -> Tree:
    """Connect all ``carriers`` ``[n, 3]`` to ``root`` ``[3]``.

    Args:
        root: where the tree enters the lung.
        carriers: points that the tree must reach.
        leaf_radius_mm: radius of the last branches, > 0.
        balance: 0 gives the shortest total length, larger values shorter ways from the root.
    """
    points = np.vstack([root, carriers])
    count = len(points)
    parent = np.zeros(count, dtype=np.int64)
    way = np.zeros(count)
    cost = np.linalg.norm(points - root, axis=1) * (1 + balance)
    cost[0] = np.inf
    step = np.linalg.norm(points - root, axis=1)
    order = [0]
    open_ = np.ones(count, dtype=bool)
    open_[0] = False
    # Prim's algorithm; the cost of a node includes the way its blood has come. Choosing by the way
    # instead of by the last edge is what makes trunks.
    for _ in range(count - 1):
        new = int(np.where(open_, cost, np.inf).argmin())
        open_[new] = False
        way[new] = way[parent[new]] + step[new]
        order.append(new)
        reach = np.linalg.norm(points - points[new], axis=1)
        better = open_ & (reach + balance * (way[new] + reach) < cost)
        cost[better] = reach[better] + balance * (way[new] + reach[better])
        step[better], parent[better] = reach[better], new
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    points, parent = points[order], rank[parent[order]]
    leaves = _leaves(parent)
    return Tree(_relaxed(points, parent, leaves), parent, leaf_radius_mm * leaves ** (1 / MURRAY))


def _leaves(parent: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many ends hang on each node (a parent stands before its children)."""
    leaves = np.zeros(len(parent))
    for node in range(len(parent) - 1, 0, -1):
        leaves[node] = max(leaves[node], 1.0)
        leaves[parent[node]] += leaves[node]
    return leaves


def _relaxed(
    points: Points, parent: NDArray[np.int64], leaves: NDArray[np.float64], rounds: int = 5
) -> Points:
    """Pull every inner node towards its neighbours, weighed by flow: vessels run smoothly."""
    points = points.copy()
    inner = np.bincount(parent[1:], minlength=len(points)) > 0
    inner[0] = False
    for _ in range(rounds):
        pulled = points[parent] * leaves[:, None]
        weight = leaves.copy()
        np.add.at(pulled, parent[1:], points[1:] * leaves[1:, None])
        np.add.at(weight, parent[1:], leaves[1:])
        target = pulled / weight[:, None]
        points[inner] += 0.5 * (target - points)[inner]
    return points


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


def paint_airways(hu: Volume, frame: Frame, straight: Frame, trees: list[LungTree]) -> None:
    """All airways in place: walls first, then the air, so that branches open into each other.

    Args:
        hu: the volume.
        frame: the bent frame, for the trunks that lie among bent organs.
        straight: the voxels' own frame, in which the arteries were grown.
        trees: arteries and veins; bronchi follow the arteries.
    """
    air = np.zeros(hu.shape, dtype=np.float32)
    wall = np.zeros(hu.shape, dtype=np.float32)
    for points, radii in _TRUNKS:
        distance = path_field(frame, points, radii, reach_mm=5)
        np.maximum(air, coverage(distance), out=air)
        np.maximum(wall, coverage(distance - np.float32(0.6 + 0.1 * max(radii))), out=wall)
    for tree in trees:
        if tree.kind == "artery":
            _draw_bronchi(straight, tree, air, wall)
    hu += wall * np.maximum(WALL_HU - hu, 0)
    hu += air * (AIR_HU - hu)


def _draw_bronchi(frame: Frame, artery: LungTree, air: Volume, wall: Volume) -> None:
    """Draw a bronchus beside every larger artery, a little narrower, touching it (signet ring)."""
    outward = 1.0 if artery.left else -1.0
    for start, stop, r0, r1 in artery.tree.segments():
        if r1 < SMALLEST_RADIUS_MM:
            continue
        along = stop - start
        aside = np.cross(along, (0.35, -1.0, 0.5 * outward))
        norm = float(np.linalg.norm(aside))
        if norm < 1e-6:
            continue
        lumen0, lumen1 = 0.72 * r0, 0.72 * r1
        thick = 0.5 + 0.12 * r1
        a = start + aside / norm * (r0 + lumen0 + thick)
        b = stop + aside / norm * (r1 + lumen1 + thick)
        reach = lumen0 + thick + 2
        part = frame.around(np.minimum(a, b) - reach, np.maximum(a, b) + reach)
        if part is None:
            continue
        at, near = part
        distance = tube(near, a, b, start_radius=lumen0, stop_radius=lumen1)
        np.maximum(air[at], coverage(distance), out=air[at])
        outer = coverage(distance - np.float32(thick)) * min(1.0, 0.45 + 0.15 * r1)
        np.maximum(wall[at], outer, out=wall[at])
