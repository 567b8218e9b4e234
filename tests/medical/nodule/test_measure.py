import numpy as np
import pytest

from medical.nodule.measure import central_component, measure_mask


def _ellipsoid(radii: tuple[float, float, float]) -> np.ndarray:
    z, y, x = np.ogrid[-20:21, -20:21, -20:21]
    return (z / radii[0]) ** 2 + (y / radii[1]) ** 2 + (x / radii[2]) ** 2 < 1


def test_axes_and_volume_of_an_ellipsoid() -> None:
    size = measure_mask(_ellipsoid((8, 6, 12)), voxel_mm=0.5)
    assert size is not None
    assert size.long_axis_mm == pytest.approx(12, abs=0.6)
    assert size.short_axis_mm == pytest.approx(6, abs=0.6)
    assert size.volume_mm3 == pytest.approx(4 / 3 * np.pi * 8 * 6 * 12 / 8, rel=0.05)


def test_empty_mask_has_no_size() -> None:
    assert measure_mask(np.zeros((4, 4, 4), bool), voxel_mm=1.0) is None


def test_part_nearest_the_middle_is_kept() -> None:
    mask = np.zeros((9, 9, 9), bool)
    mask[0, 0, :4] = mask[4, 4, 4] = True
    assert central_component(mask).sum() == 1
