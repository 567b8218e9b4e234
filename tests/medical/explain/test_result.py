from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from medical.explain.crop import Crop
from medical.explain.result import Explanation


def at(crop: Crop, where: tuple[int, int, int]) -> Explanation:
    values = np.zeros(crop.hu.shape)
    values[where] = 3.0
    return Explanation.scaled(values, crop, method="one voxel")


def test_the_strongest_voxel_becomes_1(crop: Crop) -> None:
    assert at(crop, (3, 4, 5)).values.max() == 1.0


def test_what_speaks_against_the_finding_is_dropped(crop: Crop) -> None:
    values = np.full(crop.hu.shape, -2.0)
    values[1, 2, 3] = 0.5
    assert Explanation.scaled(values, crop, method="x").values.sum() == 1.0


def test_an_empty_map_stays_empty(crop: Crop) -> None:
    assert not Explanation.scaled(np.zeros(crop.hu.shape), crop, method="x").values.any()


def test_values_that_are_no_numbers_are_refused(crop: Crop) -> None:
    with pytest.raises(ValueError, match="not finite"):
        Explanation.scaled(np.full(crop.hu.shape, np.nan), crop, method="x")


def test_a_map_of_another_shape_is_refused(crop: Crop) -> None:
    with pytest.raises(ValueError, match=r"\(4, 4, 4\)"):
        Explanation(np.zeros((4, 4, 4), np.float32), crop, "x")


def test_an_unknown_target_is_refused(crop: Crop) -> None:
    with pytest.raises(ValueError, match="colour"):
        Explanation(np.zeros(crop.hu.shape, np.float32), crop, "x", "colour")  # type: ignore[arg-type]


def test_nifti_puts_the_peak_at_its_place_in_the_patient(crop: Crop, tmp_path: Path) -> None:
    peak = (5, 11, 40)
    at(crop, peak).write_nifti(tmp_path / "map.nii.gz")
    image = nibabel.load(tmp_path / "map.nii.gz")
    where = np.unravel_index(int(np.asarray(image.dataobj).argmax()), image.shape)
    ras = nibabel.affines.apply_affine(image.affine, where)
    assert ras * (-1, -1, 1) == pytest.approx(crop.geometry.voxel_to_lps(peak))
