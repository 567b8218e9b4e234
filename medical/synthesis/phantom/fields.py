"""The phantom's grid and what is drawn on it: bent frames, smooth noise, signed distances.

Distances of simple shapes are in millimetres, negative inside; exact for tubes and good near the
surface for the rest, which is all that an anti-aliased edge needs. Combination after I. Quilez,
"Smooth minimum" (polynomial form).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from medical.geometry import Shape3, Spacing3

Volume = NDArray[np.float32]
# Where a standard body kernel's noise power spectrum peaks, cycles a millimetre
# (Solomon et al., Med Phys 2012;39:6048: 0.2 to 0.35 for body kernels).
PEAK_PER_MM = 0.21
SOFT_TISSUE_NOISE_HU = 20.0
WARP_MM = 3.0
_MARGIN_MM = 4 * WARP_MM
Slices3 = tuple[slice, slice, slice]
Point = Sequence[float] | NDArray[np.float64]
EDGE_MM = 1.2
FAR_MM = np.float32(1e3)


def smooth_field(
    rng: np.random.Generator, *, shape: Shape3, spacing_mm: Spacing3, scale_mm: float
) -> Volume:
    """Gaussian random field ``[z, y, x]``, mean 0, deviation about 1, correlated over ``scale_mm``.

    A cubic B-spline through white noise on a grid of ``scale_mm``: twice continuously
    differentiable, and three small matrix products instead of a large convolution.
    """
    bases = [
        _spline_basis(count, step, scale_mm) for count, step in zip(shape, spacing_mm, strict=True)
    ]
    knots = rng.standard_normal([basis.shape[1] for basis in bases]).astype(np.float32)
    # Cubic B-splines average their knots; this restores unit deviation on average.
    gain = 1.0 / np.prod([np.sqrt((basis**2).sum(axis=1).mean()) for basis in bases])
    field = knots * np.float32(gain)
    z_basis, y_basis, x_basis = bases
    field = np.tensordot(z_basis, field, axes=(1, 0))
    field = np.matmul(y_basis, field)
    return np.asarray(np.matmul(field, x_basis.T), dtype=np.float32)


def _spline_basis(count: int, step_mm: float, scale_mm: float) -> Volume:
    """Weights ``[count, knots]`` of a uniform cubic B-spline at voxel centres."""
    position = np.arange(count) * step_mm / scale_mm
    cell = np.floor(position).astype(int)
    t = position - cell
    weights = (
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    )
    basis = np.zeros((count, int(cell[-1]) + 4), dtype=np.float32)
    for offset, weight in enumerate(weights):
        basis[np.arange(count), cell + offset] = weight
    return basis


def add_noise(
    hu: Volume,
    rng: np.random.Generator,
    *,
    spacing_mm: Spacing3,
    deviation_hu: float = SOFT_TISSUE_NOISE_HU,
) -> None:
    """Add noise in place.

    Args:
        hu: ``[z, y, x]``.
        rng: source of chance.
        spacing_mm: ``(z, y, x)``.
        deviation_hu: deviation in the middle of the chest.
    """
    noise = coloured_noise(rng, shape=hu.shape, spacing_mm=spacing_mm)
    hu += noise * _strength(hu, spacing_mm) * np.float32(deviation_hu)


def coloured_noise(
    rng: np.random.Generator, *, shape: tuple[int, ...], spacing_mm: Spacing3
) -> Volume:
    """Draw unit noise with the ramp-times-apodisation spectrum of filtered back projection."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    y = fft.fftfreq(shape[1], spacing_mm[1])[:, None]
    x = fft.rfftfreq(shape[2], spacing_mm[2])[None, :]
    frequency = np.hypot(y, x)
    # Power f·exp(-f²/2p²) peaks at p; the amplitude is its root.
    amplitude = np.sqrt(frequency * np.exp(-0.5 * (frequency / PEAK_PER_MM) ** 2))
    spectrum = fft.rfft2(noise, axes=(1, 2)) * amplitude.astype(np.float32)
    noise = fft.irfft2(spectrum, s=shape[1:], axes=(1, 2))
    # Neighbouring slices share detector rows.
    noise = ndimage.gaussian_filter1d(noise, 0.8 / spacing_mm[0], axis=0, mode="wrap")
    return np.asarray(noise / noise.std(), dtype=np.float32)


def _strength(hu: Volume, spacing_mm: Spacing3) -> Volume:
    """Noise relative to the middle of the chest, from the density around each voxel."""
    step = 4
    coarse = np.clip(hu[:, ::step, ::step] / 1000 + 1, 0, 2)
    sigma = (10 / spacing_mm[0], 35 / step / spacing_mm[1], 35 / step / spacing_mm[2])
    density = ndimage.gaussian_filter(coarse, sigma, mode="constant")
    fine = np.repeat(np.repeat(density, step, axis=1), step, axis=2)[
        :, : hu.shape[1], : hu.shape[2]
    ]
    fine = ndimage.uniform_filter(fine, (1, step + 1, step + 1))
    return np.asarray(np.clip(0.35 + 0.95 * fine, 0.4, 1.3), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Where each voxel lies in the phantom.

    Args:
        shape: voxels ``(z, y, x)``.
        spacing_mm: ``(z, y, x)``.
        z, y, x: millimetres, each broadcastable to ``shape``.
        bent: whether the coordinates carry the smooth deformation.
    """

    shape: Shape3
    spacing_mm: Spacing3
    z: Volume
    y: Volume
    x: Volume
    bent: bool

    @classmethod
    def straight(cls, *, shape: Shape3, spacing_mm: Spacing3) -> Frame:
        """Return the undeformed frame: one line of coordinates an axis."""
        z, y, x = (
            np.arange(n, dtype=np.float32) * step for n, step in zip(shape, spacing_mm, strict=True)
        )
        y = y - y.mean()
        x = x - x.mean()
        return cls(shape, spacing_mm, z[:, None, None], y[None, :, None], x[None, None, :], False)

    def bend(self, rng: np.random.Generator, *, amplitude_mm: float = WARP_MM) -> Frame:
        """Displace the coordinates of the same voxels by up to a few ``amplitude_mm``."""
        z, y, x = (
            axis
            + np.float32(amplitude_mm * part)
            * smooth_field(rng, shape=self.shape, spacing_mm=self.spacing_mm, scale_mm=55.0)
            for axis, part in ((self.z, 1.0), (self.y, 0.8), (self.x, 1.0))
        )
        return Frame(self.shape, self.spacing_mm, z, y, x, True)

    def around(self, low: Point, high: Point) -> tuple[Slices3, Frame] | None:
        """Cut out the part that holds the box ``low``..``high`` (``(x, y, z)`` millimetres).

        ``None`` when the box lies outside the volume.
        """
        margin = _MARGIN_MM if self.bent else 0.0
        _, rows, columns = self.shape
        _, y_mm, x_mm = self.spacing_mm
        origin = (0.0, -(rows - 1) / 2 * y_mm, -(columns - 1) / 2 * x_mm)
        slices = []
        for axis, (first, step, count) in enumerate(
            zip(origin, self.spacing_mm, self.shape, strict=True)
        ):
            start = int(np.floor((low[2 - axis] - margin - first) / step))
            stop = int(np.ceil((high[2 - axis] + margin - first) / step)) + 1
            start, stop = max(start, 0), min(stop, count)
            if stop <= start:
                return None
            slices.append(slice(start, stop))
        at = (slices[0], slices[1], slices[2])
        shape = (at[0].stop - at[0].start, at[1].stop - at[1].start, at[2].stop - at[2].start)
        z, y, x = (
            values[tuple(s if values.shape[k] > 1 else slice(None) for k, s in enumerate(at))]
            for values in (self.z, self.y, self.x)
        )
        return at, Frame(shape, self.spacing_mm, z, y, x, self.bent)


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
