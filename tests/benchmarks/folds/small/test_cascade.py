"""Eight bits with a second look in 32 where it is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.folds.small.cascade import Band, Seen, choose, cross_switched
from tests.benchmarks.leave_out.seen_scan import SeenScan

NONE = np.zeros((0, 4))
NODULE = np.array([[50.0, 50.0, 50.0, 10.0]])
ELSEWHERE = np.array([[20.0, 20.0, 20.0, 10.0]])


def scan(lung: str, nodule: float, other: float, *, with_other: bool = True) -> SeenScan:
    """One nodule and one false candidate with these scores."""
    candidates = np.concatenate([NODULE, ELSEWHERE] if with_other else [NODULE])
    scores = np.array([nodule, other][: len(candidates)])
    return SeenScan(f"{lung}-1", lung, candidates, scores, NONE, NONE, NODULE, NONE)


def test_only_what_the_band_asks_for_is_seen_again_and_what_is_not_there_falls() -> None:
    seen = Seen.of(scan("a", 1.0, 2.0), scan("a", 5.0, 0.0, with_other=False))
    assert seen.switched(Band(0.0, 1.5)).scores.tolist() == [5.0, 2.0]
    assert seen.switched(Band(1.5, 3.0)).scores.tolist() == [1.0, -20.0]
    assert seen.switched(Band(0.0, 0.0)).scores.tolist() == [1.0, 2.0]


def lungs(count: int) -> list[Seen]:
    """Lungs whose false candidate outdoes the nodule unless both are seen in 32 bits; many others.

    One of the two in 32 bits does not help: 1.08 stays below 1.1, and 1.05 above 1.0.
    """
    made = []
    for number in range(count):
        name = f"lung{number}"
        quiet = np.array([[10.0 + 3 * k, 80.0, 80.0, 5.0] for k in range(14)])
        eight = scan(name, 1.0, 1.1)
        exact = scan(name, 1.08, 1.05)
        candidates = np.concatenate([eight.marks, quiet])
        low = np.linspace(-9, -6, 14)
        both = [
            SeenScan(
                f"{name}-1", name, candidates, np.r_[look.scores, low], NONE, NONE, NODULE, NONE
            )
            for look in (eight, exact)
        ]
        made.append(Seen.of(*both))
    return made


def test_the_band_is_found_where_eight_bits_err_and_carries_over_to_other_lungs() -> None:
    seen = lungs(6)
    band = choose(seen)
    assert band.low <= 1.0 < 1.1 < band.high
    switched, share = cross_switched(seen)
    assert share == pytest.approx(2 / 16)
    assert all(list(lung.scores[:2]) == [1.08, 1.05] for lung in switched)


def test_where_nothing_is_gained_nothing_is_asked() -> None:
    same = [Seen.of(scan(f"l{k}", 3.0, 0.0), scan(f"l{k}", 3.0, 0.0)) for k in range(4)]
    assert choose(same) == Band(0.0, 0.0)
    assert cross_switched(same)[1] == 0.0
