"""A volume file's constant outside of the scan circle is no tissue."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from medical.io.volume_files import read_volume_file

EDGE = 96


@pytest.mark.parametrize("outside_hu", [0, 200])
def test_what_lies_outside_of_the_circle_becomes_air(tmp_path: Path, outside_hu: int) -> None:
    y, x = np.mgrid[:EDGE, :EDGE] - (EDGE - 1) / 2
    radius = np.hypot(y, x)
    plane = np.select([radius < 20, radius < 32, radius < EDGE / 2], [-850, 40, -1000], outside_hu)
    volume = np.repeat(plane[..., None], 8, axis=2).astype(np.int16)
    path = tmp_path / "ct.nii.gz"
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([2.0, 2.0, 2.0, 1.0])), path)
    hu = read_volume_file(path).hu
    corners = hu[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == -1024).all()
    assert sorted(np.unique(hu)) == [-1024, -1000, -850, 40]
