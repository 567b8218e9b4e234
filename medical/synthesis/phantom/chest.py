"""A whole chest CT from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int16
from scipy import ndimage

from medical.geometry import Shape3, Spacing3, VolumeGeometry
from medical.synthesis.phantom.body import make_wall, paint_skeleton, paint_wall
from medical.synthesis.phantom.fields import SOFT_TISSUE_NOISE_HU, Frame, Volume, add_noise
from medical.synthesis.phantom.lungs import Lungs, make_lungs, paint_lungs
from medical.synthesis.phantom.nodules import (
    DEFAULT_NODULES,
    NoduleRequest,
    PhantomNodule,
    draw_nodule,
    find_place,
)
from medical.synthesis.phantom.organs import (
    diaphragm_distance,
    mediastinum_distance,
    paint_abdomen,
    paint_mediastinum,
)
from medical.synthesis.phantom.trees import (
    VESSEL_HU,
    LungTree,
    draw_tree,
    grow_vessels,
    paint_airways,
)

AIR_HU = -1024.0
SHAPE: Shape3 = (180, 288, 288)
SPACING_MM: Spacing3 = (1.5, 1.1, 1.1)
# Width of the point spread function of a standard kernel and of the slice profile, as deviations.
BLUR_MM = (0.6, 0.55, 0.55)


class Chest(NamedTuple):
    """A phantom: HU ``[z, y, x]``, where it lies, and every nodule in it."""

    hu: Int16[np.ndarray, "z y x"]
    geometry: VolumeGeometry
    nodules: tuple[PhantomNodule, ...]


def make_chest(
    seed: int,
    *,
    nodules: Sequence[NoduleRequest] = DEFAULT_NODULES,
    shape: Shape3 = SHAPE,
    spacing_mm: Spacing3 = SPACING_MM,
    noise_hu: float = SOFT_TISSUE_NOISE_HU,
) -> Chest:
    """Make a chest CT with the nodules asked for and no others.

    The same arguments give the same voxels. The anatomy is 310 mm wide and 270 mm high whatever
    the grid; a grid that covers less cuts it off.

    Args:
        seed: decides shape, vessels, places of nodules and noise.
        nodules: what to draw; may be empty.
        shape: voxels ``(z, y, x)``.
        spacing_mm: ``(z, y, x)``.
        noise_hu: deviation of the noise in the middle of the chest, >= 0.

    Raises:
        ValueError: a lobe has no room for its nodule, or ``noise_hu`` is negative.
    """
    if noise_hu < 0:
        raise ValueError(f"noise_hu must not be negative, got {noise_hu}")
    # One stream a part: changing the ribs must not move the nodules.
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(5)]
    shape_rng, tissue_rng, vessel_rng, nodule_rng, noise_rng = streams
    straight = Frame.straight(shape=shape, spacing_mm=spacing_mm)
    frame = straight.bend(shape_rng)
    hu, body, lungs = _organs(frame, tissue_rng)
    trees = grow_vessels(straight, lungs, vessel_rng)
    vessels = _paint_vessels(hu, straight, lungs, trees)
    paint_airways(hu, frame, straight, trees)
    geometry = VolumeGeometry.axial(
        shape=shape,
        spacing_mm=spacing_mm,
        origin_lps_mm=(
            -(shape[2] - 1) / 2 * spacing_mm[2],
            -(shape[1] - 1) / 2 * spacing_mm[1],
            -310,
        ),
    )
    drawn = _add_nodules(hu, nodules, straight, lungs, vessels, geometry, nodule_rng)
    hu = ndimage.gaussian_filter(hu, [b / s for b, s in zip(BLUR_MM, spacing_mm, strict=True)])
    if noise_hu > 0:
        add_noise(hu, noise_rng, spacing_mm=spacing_mm, deviation_hu=noise_hu)
    # Scanners and archives blank what lies outside the patient; it also keeps the files small.
    hu[body > 1.5] = AIR_HU
    return Chest(np.rint(np.clip(hu, AIR_HU, 3071)).astype(np.int16), geometry, drawn)


def _organs(frame: Frame, rng: np.random.Generator) -> tuple[Volume, Volume, Lungs]:
    """HU before vessels, the body's outline and the lungs."""
    wall = make_wall(frame)
    hu = np.full(frame.shape, AIR_HU, dtype=np.float32)
    paint_wall(hu, frame, wall, rng)
    above = diaphragm_distance(frame)
    middle = mediastinum_distance(frame)
    lungs = make_lungs(frame, wall, middle, above, rng)
    paint_abdomen(hu, frame, wall, above, rng)
    inner = np.maximum(np.maximum(middle, -above), wall.cavity)
    paint_mediastinum(hu, frame, inner, rng)
    paint_skeleton(hu, frame, wall, rng)
    paint_lungs(hu, frame, lungs, rng)
    return hu, wall.body, lungs


def _paint_vessels(hu: Volume, frame: Frame, lungs: Lungs, trees: list[LungTree]) -> Volume:
    """Vessels in place; returns the share of each voxel that they fill."""
    share = np.zeros(frame.shape, dtype=np.float32)
    for tree in trees:
        draw_tree(frame, tree.tree, share)
    share *= lungs.distance < 3
    hu += share * np.maximum(VESSEL_HU - hu, 0)
    return share


def _add_nodules(
    hu: Volume,
    requests: Sequence[NoduleRequest],
    frame: Frame,
    lungs: Lungs,
    vessels: Volume,
    geometry: VolumeGeometry,
    rng: np.random.Generator,
) -> tuple[PhantomNodule, ...]:
    """Place and draw all requests; the truth in patient millimetres."""
    shift = geometry.origin_lps_mm - [frame.x[0, 0, 0], frame.y[0, 0, 0], frame.z[0, 0, 0]]
    taken: list[tuple[tuple[float, float, float], float]] = []
    drawn = []
    for request in requests:
        place = find_place(request, lungs, vessels, taken, rng, frame=frame)
        center, diameter = draw_nodule(hu, request, place, rng, frame=frame)
        taken.append((place, request.diameter_mm / 2))
        x, y, z = (round(float(c + s), 2) for c, s in zip(center, shift, strict=True))
        drawn.append(PhantomNodule((x, y, z), round(diameter, 2), request.density, request.lobe))
    return tuple(drawn)
