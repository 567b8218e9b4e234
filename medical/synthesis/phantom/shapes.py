"""Signed distances of simple shapes in millimetres, negative inside, and painting with them.

Distances are exact for tubes and good near the surface for the rest, which is all that an
anti-aliased edge needs. Combination after I. Quilez, "Smooth minimum" (polynomial form).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from medical.synthesis.phantom.fields import Volume
from medical.synthesis.phantom.frame import Frame, Point

EDGE_MM = 1.2
FAR_MM = np.float32(1e3)


def coverage(distance_mm: Volume, *, edge_mm: float = EDGE_MM) -> Volume:
    """Share of each voxel inside the shape, from its signed distance: the partial volume."""
    return np.asarray(np.clip(np.float32(0.5) - distance_mm / np.float32(edge_mm), 0, 1))


def paint(hu: Volume, distance_mm: Volume, value: Volume | float) -> None:
    """Fill a shape with ``value`` in place, mixing at its edge."""
    share = coverage(distance_mm)
    hu += share * (np.asarray(value, dtype=np.float32) - hu)


def smooth_union(first: Volume, second: Volume, *, blend_mm: float) -> Volume:
    """Union whose seam is rounded over ``blend_mm``."""
    near = np.maximum(np.float32(blend_mm) - np.abs(first - second), 0)
    return np.asarray(np.minimum(first, second) - near * near * np.float32(0.25 / blend_mm))


def smooth_intersection(first: Volume, second: Volume, *, blend_mm: float) -> Volume:
    """Intersection whose edge is rounded over ``blend_mm``."""
    return -smooth_union(-first, -second, blend_mm=blend_mm)


def ellipsoid(frame: Frame, center: Point, radii: Point) -> Volume:
    """Distance to an axis-aligned ellipsoid; ``center`` and ``radii`` as ``(x, y, z)``."""
    x, y, z = frame.x - center[0], frame.y - center[1], frame.z - center[2]
    a, b, c = radii
    level = np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2)
    slope = np.sqrt((x / a**2) ** 2 + (y / b**2) ** 2 + (z / c**2) ** 2)
    return np.asarray(level * (level - 1) / np.maximum(slope, 1e-6), dtype=np.float32)


def tube(
    frame: Frame, start: Point, stop: Point, *, start_radius: float, stop_radius: float
) -> Volume:
    """Distance to a straight tube with round ends whose radius changes along its length."""
    a, b = np.asarray(start, dtype=np.float32), np.asarray(stop, dtype=np.float32)
    along = b - a
    x, y, z = frame.x - a[0], frame.y - a[1], frame.z - a[2]
    length2 = max(float(along @ along), 1e-6)
    t = np.clip((x * along[0] + y * along[1] + z * along[2]) / np.float32(length2), 0, 1)
    off = np.sqrt((x - t * along[0]) ** 2 + (y - t * along[1]) ** 2 + (z - t * along[2]) ** 2)
    radius = np.float32(start_radius) + t * np.float32(stop_radius - start_radius)
    return np.asarray(off - radius, dtype=np.float32)


def ellipsoid_field(frame: Frame, center: Point, radii: Point, *, reach_mm: float) -> Volume:
    """:func:`ellipsoid` over the whole frame, computed only within ``reach_mm`` of it."""
    out = np.full(frame.shape, FAR_MM, dtype=np.float32)
    low = [c - r - reach_mm for c, r in zip(center, radii, strict=True)]
    high = [c + r + reach_mm for c, r in zip(center, radii, strict=True)]
    part = frame.around(low, high)
    if part is not None:
        out[part[0]] = ellipsoid(part[1], center, radii)
    return out


def path_field(
    frame: Frame, points: Sequence[Point], radii: Sequence[float], *, reach_mm: float
) -> Volume:
    """Distance to a chain of tubes through ``points``, computed only within ``reach_mm`` of it."""
    out = np.full(frame.shape, FAR_MM, dtype=np.float32)
    for (start, stop), (r0, r1) in zip(pairwise(points), pairwise(radii), strict=True):
        reach = max(r0, r1) + reach_mm
        low = [min(a, b) - reach for a, b in zip(start, stop, strict=True)]
        high = [max(a, b) + reach for a, b in zip(start, stop, strict=True)]
        part = frame.around(low, high)
        if part is not None:
            at, near = part
            distance = tube(near, start, stop, start_radius=r0, stop_radius=r1)
            out[at] = np.minimum(out[at], distance)
    return out
