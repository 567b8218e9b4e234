"""Nodules for phantoms: requests, free places, and drawing them slightly irregular."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from medical.synthesis.phantom.fields import Frame, Volume, coverage
from medical.synthesis.phantom.lungs import Lobe, Lungs

NoduleDensity = Literal["solid", "part-solid", "ground-glass"]
SOLID_HU, CORE_HU, GLASS_HU = 32.0, 15.0, -590.0
_CLEARANCE_MM = 8.0


@dataclass(frozen=True, slots=True)
class NoduleRequest:
    """A nodule to draw.

    Args:
        density: its type.
        diameter_mm: mean diameter, > 0.
        lobe: where.
        core_mm: diameter of the solid core of a part-solid nodule.
    """

    density: NoduleDensity
    diameter_mm: float
    lobe: Lobe
    core_mm: float = 0.0

    def __post_init__(self) -> None:
        if not self.diameter_mm > 0:
            raise ValueError(f"diameter_mm must be positive, got {self.diameter_mm}")
        if (self.density == "part-solid") != (0 < self.core_mm < self.diameter_mm):
            raise ValueError(
                f"core_mm must lie between 0 and diameter_mm for part-solid nodules and be 0 for "
                f"others, got {self.core_mm} for {self.density}"
            )


@dataclass(frozen=True, slots=True)
class PhantomNodule:
    """A nodule that was drawn: the truth.

    Args:
        center_lps_mm: centre of mass, LPS ``(x, y, z)``.
        diameter_mm: of the ball with the nodule's volume.
        density: its type.
        lobe: where.
    """

    center_lps_mm: tuple[float, float, float]
    diameter_mm: float
    density: NoduleDensity
    lobe: Lobe


DEFAULT_NODULES: tuple[NoduleRequest, ...] = (
    NoduleRequest("solid", 9.0, "right upper lobe"),
    NoduleRequest("part-solid", 14.0, "left lower lobe", core_mm=6.0),
    NoduleRequest("ground-glass", 12.0, "right lower lobe"),
)


def find_place(
    request: NoduleRequest,
    lungs: Lungs,
    vessels: Volume,
    taken: Sequence[tuple[tuple[float, float, float], float]],
    rng: np.random.Generator,
    *,
    frame: Frame,
) -> tuple[float, float, float]:
    """Find a centre in the lobe, phantom ``(x, y, z)``, clear of pleura, thick vessels, others.

    Raises:
        ValueError: the lobe has no room for the nodule.
    """
    radius = request.diameter_mm / 2
    room = lungs.distance < -(radius + _CLEARANCE_MM)
    room &= lungs.lobe(request.lobe) & (np.abs(lungs.oblique) > radius + 3)
    spots = np.argwhere(room)
    if len(spots) == 0:
        raise ValueError(f"the {request.lobe} has no room for {request.diameter_mm} mm")
    best, least = None, np.inf
    for spot in spots[rng.choice(len(spots), size=min(400, len(spots)), replace=False)]:
        center = _position(frame, spot)
        gaps = [np.linalg.norm(np.subtract(center, other)) - r for other, r in taken]
        if gaps and min(gaps) < radius + 20:
            continue
        ball = _ball(frame, center, radius + 2.0)
        crossed = float((vessels[ball[0]] * (ball[1] < 0)).sum())
        if crossed < least:
            best, least = center, crossed
    if best is None:
        raise ValueError(f"the {request.lobe} has no room beside the other nodules")
    return best


def draw_nodule(
    hu: Volume,
    request: NoduleRequest,
    center: tuple[float, float, float],
    rng: np.random.Generator,
    *,
    frame: Frame,
) -> tuple[tuple[float, float, float], float]:
    """Draw in place; centre of mass (phantom ``(x, y, z)``) and diameter of what was drawn."""
    radius = request.diameter_mm / 2
    at, distance, near = _lumpy_ball(frame, center, radius, rng)
    edge_mm = 1.2 if request.density == "solid" else 2.6
    share = coverage(distance, edge_mm=edge_mm)
    region = hu[at]
    if request.density == "solid":
        region += share * np.maximum(SOLID_HU - region, 0)
    else:
        # Ground glass veils the lung; vessels stay visible through it.
        mottle = rng.normal(0, 25, share.shape).astype(np.float32)
        region += share * np.maximum(GLASS_HU + mottle - region, 0)
    if request.core_mm:
        offset = rng.uniform(-0.12, 0.12, 3) * request.diameter_mm
        heart = (center[0] + offset[0], center[1] + offset[1], center[2] + offset[2])
        core_at, core, _ = _lumpy_ball(frame, heart, request.core_mm / 2, rng)
        inner = hu[core_at]
        inner += coverage(core) * np.maximum(CORE_HU - inner, 0)
    weight = float(share.sum())
    volume_mm3 = weight * float(np.prod(frame.spacing_mm))
    x, y, z = (float((share * axis).sum() / weight) for axis in (near.x, near.y, near.z))
    return (x, y, z), float((6 * volume_mm3 / np.pi) ** (1 / 3))


_Part = tuple[tuple[slice, slice, slice], Volume, Frame]


def _lumpy_ball(
    frame: Frame, center: tuple[float, float, float], radius: float, rng: np.random.Generator
) -> _Part:
    """Shape a ball whose radius varies by about a tenth in a few broad lobes."""
    at, distance, near = _ball(frame, center, radius, reach=1.35)
    directions = rng.normal(size=(7, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    x, y, z = near.x - center[0], near.y - center[1], near.z - center[2]
    length = np.sqrt(x**2 + y**2 + z**2) + np.float32(1e-3)
    bumps = np.zeros_like(distance)
    for k, (a, b, c) in enumerate(directions):
        angle = (a * x + b * y + c * z) / length * np.float32(1.5 + 0.5 * k)
        phase = np.float32(rng.uniform(0, 2 * np.pi))
        bumps += np.float32(rng.normal(0, 0.08)) * np.cos(angle + phase)
    return at, (distance - radius * (bumps - bumps.mean())).astype(np.float32), near


def _ball(
    frame: Frame, center: tuple[float, float, float], radius: float, reach: float = 1.0
) -> _Part:
    size = radius * reach + 2.5
    part = frame.around([c - size for c in center], [c + size for c in center])
    if part is None:
        raise ValueError(f"centre {center} lies outside the phantom")
    at, near = part
    x, y, z = near.x - center[0], near.y - center[1], near.z - center[2]
    return at, np.asarray(np.sqrt(x**2 + y**2 + z**2) - radius, dtype=np.float32), near


def _position(frame: Frame, spot: np.ndarray) -> tuple[float, float, float]:
    z, y, x = (int(k) for k in spot)
    return float(frame.x[0, 0, x]), float(frame.y[0, y, 0]), float(frame.z[z, 0, 0])
