"""Outlines come back as they were kept, and a damaged file is one clear error."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from medical.errors import InputError
from medical.geometry import VolumeGeometry
from medical.nodule.outline import Outline
from medical.results.folder import OUTLINES, ResultFolder


def outline(number: int) -> Outline:
    mask = np.random.default_rng(number).random((4, 5, 6)) > 0.5
    grid = VolumeGeometry.axial(
        shape=mask.shape, spacing_mm=(0.5, 0.6, 0.7), origin_lps_mm=(number, 2.0, 3.0)
    )
    return Outline(number, mask, grid)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_they_come_back(count: int, tmp_path: Path) -> None:
    folder, outlines = ResultFolder(tmp_path), [outline(number) for number in range(1, count + 1)]
    folder.write_outlines(outlines)
    read = folder.read_outlines()
    assert read is not None
    assert len(read) == count
    for before, after in zip(outlines, read, strict=True):
        assert before.finding_id == after.finding_id
        assert np.array_equal(before.mask, after.mask)
        assert np.array_equal(before.geometry.affine_lps_mm, after.geometry.affine_lps_mm)


def test_the_same_outlines_are_the_same_bytes(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.write_outlines([outline(1)])
    before = (tmp_path / OUTLINES).read_bytes()
    folder.write_outlines([outline(1)])
    assert (tmp_path / OUTLINES).read_bytes() == before


def test_an_earlier_result_has_none(tmp_path: Path) -> None:
    assert ResultFolder(tmp_path).read_outlines() is None


def archive(**arrays: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


OBJECTS = np.array([{"a": 1}], dtype=object)
HUGE = np.zeros((70_000_000,), bool)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK no archive",
        archive(ids=np.zeros(1, int)),
        archive(ids=np.zeros(1), masks=np.zeros((1, 2, 2, 2)), affines_lps_mm=np.eye(4)[None]),
        archive(ids=np.zeros(1), masks=np.zeros((1, 2), bool), affines_lps_mm=np.eye(4)[None]),
        archive(ids=OBJECTS, masks=OBJECTS, affines_lps_mm=OBJECTS),
        archive(ids=np.zeros(1), masks=HUGE, affines_lps_mm=np.eye(4)[None]),
    ],
    ids=["empty", "no archive", "parts missing", "no masks", "flat", "pickled", "huge"],
)
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / OUTLINES).write_bytes(content)
    with pytest.raises(InputError, match=r"outlines\.npz: is damaged"):
        ResultFolder(tmp_path).read_outlines()
