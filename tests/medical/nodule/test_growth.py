"""Growth between two CTs: phantoms moved, turned and grown by known amounts, and its figures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from medical.ct.volume import CtVolume, SeriesSource
from medical.detection.findings import Finding
from medical.geometry import VolumeGeometry
from medical.nodule.affine_registration import NotRegisteredError, register
from medical.nodule.growth import (
    INDISTINGUISHABLE,
    Measured,
    Registration,
    change,
    compare,
    doubling_time_ci95,
    match,
    volume_doubling_time,
)

SHIFT_LPS_MM = np.array([14.0, -9.0, 11.0])
TURN_DEGREES = 5.0
STAY = Registration(np.eye(4), 1.0)


def test_doubles_in_the_interval() -> None:
    assert volume_doubling_time(100, 200, interval_days=90) == pytest.approx(90)


def test_quadruples_in_twice_the_doubling_time() -> None:
    assert volume_doubling_time(100, 400, interval_days=90) == pytest.approx(45)


def test_shrinks() -> None:
    assert volume_doubling_time(200, 100, interval_days=90) == pytest.approx(-90)


def test_unchanged() -> None:
    assert volume_doubling_time(100, 100, interval_days=90) == math.inf


@pytest.mark.parametrize("name", ["volume_before_mm3", "volume_after_mm3", "interval_days"])
def test_zero_refused(name: str) -> None:
    values = {"volume_before_mm3": 1.0, "volume_after_mm3": 1.0, "interval_days": 1.0, name: 0.0}
    with pytest.raises(ValueError, match=f"{name} must be a positive number, got 0"):
        volume_doubling_time(
            values["volume_before_mm3"],
            values["volume_after_mm3"],
            interval_days=values["interval_days"],
        )


def test_says_when_the_error_of_measuring_explains_it() -> None:
    before, after = Measured(100, (80, 125)), Measured(120, (96, 150))
    registration = change(before, after)
    assert registration.verdict == INDISTINGUISHABLE
    assert registration.ratio_ci95[0] < 1 < registration.ratio_ci95[1]
    assert doubling_time_ci95(before, after, interval_days=90) is None


def test_grown() -> None:
    before, after = Measured(100, (90, 110)), Measured(200, (180, 220))
    assert change(before, after).verdict == "grown"
    shortest, longest = doubling_time_ci95(before, after, interval_days=90) or (0, 0)
    assert shortest < 90 < longest


def test_shrunk_has_negative_doubling_times() -> None:
    before, after = Measured(200, (180, 220)), Measured(100, (90, 110))
    assert change(before, after).verdict == "shrunk"
    shortest, longest = doubling_time_ci95(before, after, interval_days=90) or (0, 0)
    assert shortest < -90 < longest < 0


def test_the_interval_holds_the_true_ratio_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)
    sigma_before, sigma_after, truth, inside = 0.1, 0.2, 1.5, 0
    for _ in range(2000):
        a = 100 * math.exp(random.normal(0, sigma_before))
        b = 100 * truth * math.exp(random.normal(0, sigma_after))
        width_a, width_b = math.exp(1.96 * sigma_before), math.exp(1.96 * sigma_after)
        registration = change(
            Measured(a, (a / width_a, a * width_a)), Measured(b, (b / width_b, b * width_b))
        )
        inside += registration.ratio_ci95[0] <= truth <= registration.ratio_ci95[1]
    assert 0.935 < inside / 2000 < 0.965


def test_a_value_outside_its_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="lies outside its interval"):
        Measured(10, (11, 12))


def moved(point: np.ndarray, *, degrees: float = TURN_DEGREES) -> np.ndarray:
    """Where a point of the earlier CT lies in this one: turned about z, then shifted."""
    angle = math.radians(degrees)
    turn = np.array(
        [[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]]
    )
    return np.asarray(point) @ turn.T + SHIFT_LPS_MM


def chest(*, is_moved: bool, seed: int) -> CtVolume:
    """Two unlike lungs, a spine and a heart, drawn at their place; noise of its own."""
    shape, step = (52, 64, 80), 4.0
    geometry = VolumeGeometry.axial(
        shape=shape, spacing_mm=(step,) * 3, origin_lps_mm=(-160.0, -130.0, -104.0)
    )
    voxels = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)
    points = geometry.voxel_to_lps(voxels)
    if is_moved:
        angle = math.radians(TURN_DEGREES)
        turn = np.array(
            [
                [math.cos(angle), -math.sin(angle), 0],
                [math.sin(angle), math.cos(angle), 0],
                [0, 0, 1],
            ]
        )
        points = (points - SHIFT_LPS_MM) @ turn

    def inside(center: tuple[float, float, float], half: tuple[float, float, float]) -> np.ndarray:
        return np.asarray((((points - center) / half) ** 2).sum(-1) < 1)

    hu = np.full(shape, -1000.0)
    hu[inside((0, 0, 0), (140, 95, 400))] = 40
    hu[inside((-62, 0, 0), (48, 70, 85))] = -850
    hu[inside((60, 5, 4), (42, 66, 78))] = -850
    hu[inside((15, -20, -30), (45, 35, 40))] = 50
    hu[inside((0, 70, 0), (18, 16, 400))] = 500
    hu += np.random.default_rng(seed).normal(0, 20, shape)
    return CtVolume(hu.astype(np.int16), geometry, SeriesSource(f"chest-{seed}"))


def finding(
    number: int, center: np.ndarray | tuple[float, float, float], mm: float, *, spread: float = 1.1
) -> Finding:
    volume = math.pi / 6 * mm**3
    x, y, z = (float(v) for v in center)
    return Finding(
        id=number,
        probability=0.9,
        probability_ci95=(0.8, 0.95),
        center_lps_mm=(x, y, z),
        slice_number=1,
        sop_instance_uid=None,
        long_axis_mm=mm,
        short_axis_mm=mm,
        diameter_mm=mm,
        diameter_ci95=(mm / spread, mm * spread),
        volume_mm3=volume,
        volume_ci95=(volume / spread**3, volume * spread**3),
        density="solid",
        mean_hu=20.0,
        location="left upper zone",
    )


@pytest.fixture(scope="module")
def registration() -> Registration:
    return register(chest(is_moved=True, seed=1), chest(is_moved=False, seed=2))


@pytest.mark.parametrize("place", [(-80.0, 20.0, 30.0), (70.0, -10.0, -40.0), (50.0, 40.0, 50.0)])
def test_a_known_shift_and_turn_are_undone(
    registration: Registration, place: tuple[float, float, float]
) -> None:
    there = registration.to_prior(moved(np.array(place)))
    assert np.linalg.norm(there - place) < 4.0


def test_nodules_are_paired_across_shift_and_turn(registration: Registration) -> None:
    prior = [finding(1, (-80, 20, 30), 8), finding(2, (-80, -10, 30), 6)]
    current = [finding(1, moved(np.array((-80, -10, 30))), 6)]
    current.append(finding(2, moved(np.array((-80, 20, 30))), 10))
    pairs = {(now.id, then.id) for now, then, _ in match(current, prior, registration)}
    assert pairs == {(1, 2), (2, 1)}


def test_without_registration_they_would_not_be() -> None:
    prior = [finding(1, (-80, 20, 30), 8)]
    assert match([finding(1, moved(np.array((-80, 20, 30))), 8)], prior, STAY) == []


def test_a_new_nodule_has_no_partner() -> None:
    pairs = match(
        [finding(1, (0, 0, 0), 8), finding(2, (40, 0, 0), 8)], [finding(1, (1, 0, 0), 8)], STAY
    )
    assert [(now.id, then.id) for now, then, _ in pairs] == [(1, 1)]


def test_one_earlier_nodule_is_not_used_twice() -> None:
    pairs = match(
        [finding(1, (0, 0, 0), 8), finding(2, (6, 0, 0), 8)], [finding(1, (5, 0, 0), 8)], STAY
    )
    assert [(now.id, then.id) for now, then, _ in pairs] == [(2, 1)]


def test_nothing_earlier_gives_no_pair() -> None:
    assert match([finding(1, (0, 0, 0), 8)], [], STAY) == []


def test_a_known_growth_is_told_with_its_doubling_time() -> None:
    (growth,) = compare(
        [finding(1, (0, 0, 0), 8 * 2 ** (1 / 3), spread=1.02)],
        [finding(1, (0, 0, 0), 8, spread=1.02)],
        STAY,
        interval_days=120,
    )
    assert growth.volume.verdict == "grown"
    assert growth.doubling_days == pytest.approx(120, rel=1e-6)
    shortest, longest = growth.doubling_days_ci95 or (math.nan, math.nan)
    assert shortest < 120 < longest


def test_what_measuring_may_explain_is_said_to_be_so() -> None:
    (growth,) = compare(
        [finding(1, (0, 0, 0), 8.5)], [finding(1, (0, 0, 0), 8)], STAY, interval_days=120
    )
    assert growth.volume.verdict == INDISTINGUISHABLE
    assert growth.diameter.verdict == INDISTINGUISHABLE
    assert growth.doubling_days_ci95 is None


def test_another_body_is_refused() -> None:
    other = chest(is_moved=False, seed=3)
    noise = np.random.default_rng(4).normal(0, 300, other.hu.shape).astype(np.int16)
    with pytest.raises(NotRegisteredError, match="same patient"):
        register(other, CtVolume(noise, other.geometry, SeriesSource("noise")))


def test_no_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="interval_days"):
        compare([], [], STAY, interval_days=0)
