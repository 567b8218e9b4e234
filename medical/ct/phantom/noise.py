"""Noise as a scanner makes it: coloured, and stronger where more body stands in the beam."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

from medical.ct.phantom.fields import Volume
from medical.geometry import Spacing3

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
