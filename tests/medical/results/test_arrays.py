"""Arrays beside a result are the same bytes whenever they are written."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np

from medical.results.arrays import read_arrays, write_arrays


def test_the_same_arrays_are_the_same_bytes(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([True, False])}
    write_arrays(tmp_path / "now.npz", **arrays)
    with mock.patch("time.time", return_value=1e9), mock.patch("time.localtime"):
        write_arrays(tmp_path / "then.npz", **arrays)
    assert (tmp_path / "now.npz").read_bytes() == (tmp_path / "then.npz").read_bytes()
    back = read_arrays(tmp_path / "now.npz", max_bytes=1000)
    assert all(np.array_equal(back[name], array) for name, array in arrays.items())
    assert np.load(tmp_path / "now.npz")["a"].dtype == np.float64
