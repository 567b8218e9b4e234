"""The phantom: repeatable, nodules where the truth says, CT numbers of a chest."""

import numpy as np
import pytest

from medical.synthesis.phantom import Chest, NoduleRequest, make_chest
from medical.synthesis.phantom.fields import coloured_noise


@pytest.fixture(scope="module")
def chest() -> Chest:
    return make_chest(3, shape=(90, 104, 104), spacing_mm=(3.0, 3.0, 3.0))


@pytest.fixture(scope="module")
def quiet() -> Chest:
    return make_chest(3, shape=(90, 104, 104), spacing_mm=(3.0, 3.0, 3.0), noise_hu=0)


def _sphere_mean(chest: Chest, center: tuple[float, float, float], radius_mm: float) -> float:
    grid = np.moveaxis(np.indices(chest.hu.shape), 0, -1)
    distance = np.linalg.norm(chest.geometry.voxel_to_lps(grid) - np.array(center), axis=-1)
    return float(chest.hu[distance < radius_mm].mean())


def test_the_same_seed_gives_the_same_voxels(chest: Chest) -> None:
    again = make_chest(3, shape=(90, 104, 104), spacing_mm=(3.0, 3.0, 3.0))
    assert np.array_equal(chest.hu, again.hu)
    assert chest.nodules == again.nodules


def test_another_seed_gives_another_chest(chest: Chest) -> None:
    other = make_chest(4, shape=(90, 104, 104), spacing_mm=(3.0, 3.0, 3.0))
    assert (chest.hu != other.hu).mean() > 0.3


def test_it_holds_one_nodule_of_each_density(chest: Chest) -> None:
    assert [n.density for n in chest.nodules] == ["solid", "part-solid", "ground-glass"]


def test_nodules_are_denser_than_lung_where_the_truth_says(quiet: Chest) -> None:
    solid, part_solid, glass = (_sphere_mean(quiet, n.center_lps_mm, 3.0) for n in quiet.nodules)
    assert solid > -250
    assert part_solid > glass
    assert -750 < glass < -450


def test_nodule_sizes_are_near_those_asked_for(quiet: Chest) -> None:
    for nodule, asked in zip(quiet.nodules, (9.0, 14.0, 12.0), strict=True):
        assert nodule.diameter_mm == pytest.approx(asked, rel=0.15)


def test_sides_agree_with_the_lobes(quiet: Chest) -> None:
    for nodule in quiet.nodules:
        assert (nodule.center_lps_mm[0] > 0) == nodule.lobe.startswith("left")


def test_no_nodules_when_none_are_asked_for() -> None:
    assert make_chest(3, nodules=(), shape=(90, 104, 104), spacing_mm=(3.0, 3.0, 3.0)).nodules == ()


def test_lung_is_grey_as_lung_is(quiet: Chest) -> None:
    lung = quiet.hu[(quiet.hu > -960) & (quiet.hu < -700)]
    assert -900 < np.median(lung) < -820
    litres = lung.size * quiet.geometry.voxel_volume_mm3 / 1e6
    assert 2.5 < litres < 7


def test_air_outside_the_body_is_constant(chest: Chest) -> None:
    assert (chest.hu[:, :2] == -1024).all()


def test_noise_peaks_at_the_kernel_frequency() -> None:
    noise = coloured_noise(
        np.random.default_rng(0), shape=(20, 256, 256), spacing_mm=(1.5, 1.0, 1.0)
    )
    power = (np.abs(np.fft.rfft2(noise)) ** 2).mean(axis=0)
    f = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)[None])
    ring = [power[(f > a) & (f <= a + 0.04)].mean() for a in np.arange(0, 0.48, 0.04)]
    assert 0.12 < np.arange(0.02, 0.5, 0.04)[int(np.argmax(ring))] < 0.32
    assert noise.std() == pytest.approx(1, abs=1e-3)


def test_a_part_solid_nodule_needs_a_core() -> None:
    with pytest.raises(ValueError, match="core_mm"):
        NoduleRequest("part-solid", 12.0, "left upper lobe")


def test_negative_noise_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        make_chest(1, noise_hu=-1)
