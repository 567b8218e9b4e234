"""What teaches a head in lungs that the first stage had not seen."""

from __future__ import annotations

import numpy as np
import torch

from tests.benchmarks.folds.second.crossed_heads import teach, truth_of
from tests.benchmarks.leave_out.seen_scan import SeenScan

NONE = np.zeros((0, 4))
INSERTED = np.array([[50.0, 50.0, 50.0, 20.0]])
KNOWN = np.array([[90.0, 50.0, 50.0, 8.0]])
PLACES = np.array([[57.0, 50, 50, 6], [61.0, 50, 50, 6], [90.0, 51, 50, 6]])


def scan_of(name: str) -> SeenScan:
    return SeenScan(name, "a", PLACES, np.zeros(3), KNOWN, NONE, INSERTED, NONE)


def test_what_is_inserted_is_a_nodule_and_what_was_there_teaches_nothing() -> None:
    is_nodule, teaches = truth_of(scan_of("a+1"))
    assert is_nodule.tolist() == [True, False, False]
    assert teaches.tolist() == [True, True, False]


def test_a_scan_as_it_is_teaches_nothing() -> None:
    assert not truth_of(scan_of("a"))[1].any()


def test_a_head_learns_what_tells_nodules_apart_in_any_view() -> None:
    torch.manual_seed(0)
    is_nodule = torch.arange(200) % 5 == 0
    seen = torch.randn(4, 200, 6)
    seen[..., 2] += 4.0 * is_nodule
    head = teach(seen, is_nodule, seed=1)
    with torch.no_grad():
        logits = head(torch.randn(50, 6) + 4.0 * torch.eye(6)[2]), head(torch.randn(50, 6))
    assert logits[0].mean() > 0 > logits[1].mean()
