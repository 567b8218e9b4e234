from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from medical.errors import InputError
from medical.training.cases.sources.masks import is_mask, key_of, mask_lesions, mask_of

CENTERS_LPS_MM = ((10.0, -20.0, 30.0), (-8.0, -20.0, 30.0))


def write(path: Path, values: np.ndarray) -> Path:
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing((1.0, 1.0, 2.0))
    image.SetOrigin((-30.0, -50.0, 0.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(image, str(path))
    return path


def balls(*values: int, radius_mm: float = 4.0) -> np.ndarray:
    z, y, x = np.ogrid[:31, :61, :61]
    mask = np.zeros((31, 61, 61), np.uint8)
    for value, (cx, cy, cz) in zip(values, CENTERS_LPS_MM, strict=False):
        away = (2 * z - cz) ** 2 + (y - 50 - cy) ** 2 + (x - 30 - cx) ** 2
        mask[away <= radius_mm**2] = value
    return mask


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("case1_mask.nii.gz", True),
        ("case1-seg.nrrd", True),
        ("labelsTr/case1.nii.gz", True),
        ("imagesTr/case1_0000.nii.gz", False),
        ("case1.nii.gz", False),
        ("case1_mask.txt", False),
    ],
)
def test_masks_are_known_by_name_or_folder(name: str, expected: bool) -> None:
    assert is_mask(Path(name)) is expected


def test_channel_number_is_no_part_of_the_name() -> None:
    assert key_of(Path("imagesTr/case1_0000.nii.gz")) == key_of(Path("labelsTr/case1.nii.gz"))


@pytest.mark.parametrize("values", [(1, 1), (1, 2)])
def test_every_part_is_a_lesion_with_its_place_and_size(
    tmp_path: Path, values: tuple[int, int]
) -> None:
    path = write(tmp_path / "a_mask.nii.gz", balls(*values))
    lesions = mask_lesions(path, series_uid="a", place=path.name)
    assert {lesion.series_uid for lesion in lesions} == {"a"}
    centers = sorted(lesion.center_lps_mm for lesion in lesions)
    np.testing.assert_allclose(centers, sorted(CENTERS_LPS_MM), atol=0.1)
    assert [lesion.diameter_mm for lesion in lesions] == pytest.approx([9.0, 9.0], abs=1.0)


def test_empty_mask_is_a_scan_without_nodules(tmp_path: Path) -> None:
    path = write(tmp_path / "a_mask.nii.gz", balls())
    assert mask_lesions(path, series_uid="a", place="a") == []


def test_specks_are_passed_by(tmp_path: Path) -> None:
    values = balls(1)
    values[2, 2, 2] = 1
    path = write(tmp_path / "a_mask.nii.gz", values)
    assert len(mask_lesions(path, series_uid="a", place="a")) == 1


@pytest.mark.parametrize("made", [balls(1) * np.float32(0.37), balls(1).astype(np.int16) - 1])
def test_what_is_no_mask_is_refused(tmp_path: Path, made: np.ndarray) -> None:
    path = write(tmp_path / "a_mask.nii.gz", made)
    with pytest.raises(InputError, match="is no mask"):
        mask_lesions(path, series_uid="a", place="a")


def test_two_masks_of_one_ct_are_refused() -> None:
    masks = [Path("x/a_mask.nii.gz"), Path("x/a_seg.nii.gz")]
    with pytest.raises(InputError, match="same CT"):
        mask_of(Path("x/a.nii.gz"), masks)
