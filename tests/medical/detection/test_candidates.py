"""Places of the first stage's candidates, whatever window they were seen in."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from medical.detection import seen_box
from medical.detection.candidates import (
    CandidateSet,
    candidate_finder,
    find_in_box,
    find_in_windows,
    touches_lung,
)
from models.detector.contract import CHANNELS_OUT, HEAT
from models.detector.normalise import normalise

SHAPE = (92, 150, 334)  # one axis shorter than a window, one with four windows
AIR, DOT = -1000.0, 300.0


def bright_cells(window: np.ndarray) -> np.ndarray:
    """A detector that candidates cells by their brightest voxel."""
    z, y, x = (n // 4 for n in window.shape[2:])
    heat = window.reshape(z, 4, y, 4, x, 4).max((1, 3, 5)) * 10
    output = np.zeros((1, CHANNELS_OUT, *heat.shape), np.float32)
    output[:, HEAT] = heat
    return output


def scan_with_dots() -> tuple[np.ndarray, np.ndarray]:
    """A scan of air and the places of bright voxels in it."""
    hu = np.full(SHAPE, AIR, np.float32)
    dots = np.stack(np.meshgrid([9, 45, 81], [30, 131], range(13, 330, 23), indexing="ij"), -1)
    dots = dots.reshape(-1, 3)[::2]
    hu[tuple(dots.T)] = DOT
    return hu, dots


def farthest_from_a_candidate(dots: np.ndarray, candidates: CandidateSet) -> float:
    apart = np.abs(candidates.centers_voxel[None] - dots[:, None]).max(-1).min(1)
    return float(apart.max())


def test_a_mark_lies_where_its_voxel_lies_in_every_window() -> None:
    hu, dots = scan_with_dots()
    candidates = find_in_windows(hu, np.ones(SHAPE, bool), bright_cells)
    # a cell is 4 mm wide, its middle counts
    assert farthest_from_a_candidate(dots, candidates) <= 1.5


def test_what_is_seen_is_normalised_and_its_edge_repeated() -> None:
    hu = np.random.default_rng(0).normal(-700, 600, (70, 65, 83)).astype(np.float32)
    seen: list[np.ndarray] = []

    def detector(image: np.ndarray) -> np.ndarray:
        seen.append(image)
        return bright_cells(image)

    find_in_box(hu, np.ones(hu.shape, bool), detector)
    expected = normalise(np.pad(hu, [(0, 10), (0, 15), (0, 13)], mode="edge"))
    np.testing.assert_array_equal(seen[0][0, 0], expected)


def test_a_whole_box_is_seen_at_once() -> None:
    hu, dots = scan_with_dots()
    seen: list[tuple[int, ...]] = []

    def detector(image: np.ndarray) -> np.ndarray:
        seen.append(image.shape)
        return bright_cells(image)

    candidates = find_in_box(hu, np.ones(SHAPE, bool), detector)
    assert seen == [(1, 1, 96, 160, 336)]  # multiples of 16
    assert farthest_from_a_candidate(dots, candidates) <= 1.5


@pytest.mark.parametrize("whole_box", [True, False])
@pytest.mark.parametrize("mirrored", [True, False])
def test_a_mirror_is_looked_into_where_the_model_says_so(whole_box: bool, mirrored: bool) -> None:
    hu = np.random.default_rng(0).normal(-800, 50, SHAPE).astype(np.float32)
    seen: list[np.ndarray] = []

    def run(image: np.ndarray) -> list[np.ndarray]:
        seen.append(image.copy())  # it is turned where it lies
        return [bright_cells(image)]

    candidate_finder(run, whole_box=whole_box, mirrored=mirrored)(hu, np.ones(SHAPE, bool))
    reflected = [np.array_equal(a, np.flip(b, 4)) for a, b in pairwise(seen)]
    assert any(reflected) is mirrored


def test_a_box_too_large_for_memory_is_seen_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_box, "MAX_BOX_VOXELS", 70 * 160 * 336)
    hu, dots = scan_with_dots()
    largest = 0

    def detector(image: np.ndarray) -> np.ndarray:
        nonlocal largest
        largest = max(largest, image.size)
        return bright_cells(image)

    in_parts = find_in_box(hu, np.ones(SHAPE, bool), detector)
    assert 0 < largest <= 70 * 160 * 336
    assert farthest_from_a_candidate(dots, in_parts) <= 1.5


def test_touching_lung_is_what_a_distance_transform_tells() -> None:
    draw = np.random.default_rng(0)
    lung = np.repeat(np.repeat(np.repeat(draw.random((20, 22, 24)) < 0.002, 2, 0), 2, 1), 2, 2)
    centers = draw.uniform(-1, 45, (60, 3))
    diameters = draw.uniform(2, 30, 60)
    distance = ndimage.distance_transform_edt(~lung[::2, ::2, ::2]) * 2.0
    at = np.clip(np.round(centers / 2).astype(int), 0, np.array(distance.shape) - 1)
    expected = distance[tuple(at.T)] <= diameters / 2 + 4.0
    assert 0 < expected.sum() < 60
    np.testing.assert_array_equal(touches_lung(centers, diameters, lung), expected)
