import numpy as np
import pytest

from medical.nodule.measure import axis_lines, central_component, measure_mask


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


@pytest.mark.parametrize("turned", [0.0, 0.4, 1.2])
def test_the_lines_are_as_long_as_the_axes_and_cross(turned: float) -> None:
    z, y, x = np.ogrid[-20:21, -20:21, -20:21]
    u, v = y * np.cos(turned) + x * np.sin(turned), x * np.cos(turned) - y * np.sin(turned)
    mask = (z / 5) ** 2 + (u / 12) ** 2 + (v / 7) ** 2 < 1
    size, lines = measure_mask(mask, voxel_mm=1.0), axis_lines(mask)
    assert size is not None
    assert lines is not None
    (a, b), (c, d) = (line[:, 1:] for line in lines)
    assert np.linalg.norm(b - a) == pytest.approx(size.long_axis_mm)
    assert np.linalg.norm(d - c) == pytest.approx(size.short_axis_mm)
    assert (b - a) @ (d - c) == pytest.approx(0, abs=1e-9)
    shares = [(end - a) @ np.array([-(b - a)[1], (b - a)[0]]) for end in (c, d)]
    assert shares[0] * shares[1] < 0, "the short axis ends on both sides of the long one"
    assert 0 < ((c - a) @ (b - a)) / ((b - a) @ (b - a)) < 1
    assert {lines[0][0, 0], lines[1][1, 0]} == {20}


def test_one_voxel_has_two_axes_of_its_edge() -> None:
    mask = np.zeros((3, 3, 3), bool)
    assert axis_lines(mask) is None
    mask[1, 1, 1] = True
    for line in axis_lines(mask) or ():
        assert np.linalg.norm(line[1] - line[0]) == pytest.approx(1)
        assert line.mean(0) == pytest.approx([1, 1, 1])
