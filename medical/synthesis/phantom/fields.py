"""Random fields: what keeps the anatomy from looking drawn with a ruler, and a scanner's noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from medical.geometry import Shape3, Spacing3

Volume = NDArray[np.float32]


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


# Where a standard body kernel's noise power spectrum peaks, cycles a millimetre
# (Solomon et al., Med Phys 2012;39:6048: 0.2 to 0.35 for body kernels).
PEAK_PER_MM = 0.21
SOFT_TISSUE_NOISE_HU = 20.0


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
