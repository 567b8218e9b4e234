from __future__ import annotations

from tests.benchmarks.leave_out.folds import BY_COLLECTION, BY_SCAN, FOLDS, LUNGS


def test_each_scan_is_left_out_once_by_scan_and_once_by_collection() -> None:
    for folds in (BY_SCAN, BY_COLLECTION):
        names = [name for fold in folds for name in FOLDS[fold]]
        assert len(names) == len(set(names))
        assert set(names) <= set(LUNGS)


def test_a_collection_is_left_out_whole() -> None:
    for fold in BY_COLLECTION:
        own = {name for name in LUNGS if name.startswith(fold)}
        assert own == set(FOLDS[fold])
