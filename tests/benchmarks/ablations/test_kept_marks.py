"""Marks are kept beside the weights, and made again when the weights are newer."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from medical.synthesis.case import TrainingCase
from tests.benchmarks.ablations import kept_marks
from tests.benchmarks.ablations.kept_marks import marks_path, marks_there, read_set
from tests.benchmarks.ablations.marks import CaseMarks
from tests.benchmarks.ablations.variants import VARIANTS
from tests.benchmarks.hybrid import HybridScan

MARKS = CaseMarks(np.ones((2, 3)), np.array([5.0, 6.0]), np.array([1.0, -1.0]), np.zeros(2))


class Reader:
    """Says the same of every scan, and counts."""

    reads = 0

    def __init__(self, *_: object, **__: object) -> None: ...

    def read(self, _: TrainingCase) -> CaseMarks:
        Reader.reads += 1
        return MARKS


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept_marks, "MarkReader", Reader)
    monkeypatch.setattr(Reader, "reads", 0)
    path = tmp_path / "retina.safetensors"
    save_file(VARIANTS["retina"].build().state_dict(), path)
    return path


def read(weights: Path, digest: str = "abc") -> list[CaseMarks]:
    code = np.zeros((4, 4, 4), np.uint8)
    case = TrainingCase("made", code, code > 0, np.zeros((0, 4), np.float32))
    scans = [HybridScan(case, (), code)] * 2
    device = torch.device("cpu")
    return read_set(VARIANTS["retina"], weights, scans, digest=digest, device=device)


def test_scans_are_read_once(weights: Path) -> None:
    first, again = read(weights), read(weights)
    assert Reader.reads == 2
    for one, other in zip(first, again, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_marks_are_enough_without_the_weights(weights: Path) -> None:
    read(weights)
    weights.unlink()
    assert marks_there(weights, "abc")
    assert np.array_equal(read(weights)[1].detector, MARKS.detector)


def test_marks_of_another_set_are_not_taken(weights: Path) -> None:
    read(weights)
    read(weights, digest="def")
    assert Reader.reads == 4


def test_marks_older_than_the_weights_are_made_again(weights: Path) -> None:
    read(weights)
    os.utime(marks_path(weights, "abc"), (0, 0))
    read(weights)
    assert Reader.reads == 4
