from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from medical.errors import InputError
from medical.evaluation.tables import ReferenceFinding
from medical.intake import open_input
from medical.io.series_handle import SeriesHandle
from medical.synthesis.phantom import Chest, make_chest
from medical.training.cases.preparing import prepared_case

TABLE = Path("annotations.csv")


@pytest.fixture(scope="module")
def chest() -> Chest:
    return make_chest(3, shape=(90, 104, 104), spacing_mm=(3.0, 3.0, 3.0))


@pytest.fixture(scope="module")
def handle(chest: Chest, tmp_path_factory: pytest.TempPathFactory) -> SeriesHandle:
    folder = tmp_path_factory.mktemp("cases")
    image = SimpleITK.GetImageFromArray(chest.hu.astype(np.int16))
    image.SetSpacing((3.0, 3.0, 3.0))
    image.SetOrigin([float(v) for v in chest.geometry.origin_lps_mm])
    SimpleITK.WriteImage(image, str(folder / "one.mhd"))
    return open_input(folder, work_dir=folder).chosen[0]


def lesion(center: tuple[float, ...], diameter_mm: float = 9.0) -> ReferenceFinding:
    x, y, z = (float(value) for value in center)
    return ReferenceFinding("one", (x, y, z), diameter_mm, row=4)


def test_case_is_made_again_when_the_truth_changed(
    chest: Chest, handle: SeriesHandle, tmp_path: Path
) -> None:
    center = tuple(chest.nodules[0].center_lps_mm)
    _, first = prepared_case(handle, tmp_path, [lesion(center)], truth_path=TABLE)
    _, same = prepared_case(handle, tmp_path, [lesion(center)], truth_path=TABLE)
    case, other = prepared_case(handle, tmp_path, [lesion(center, 12.0)], truth_path=TABLE)
    assert first == same != other
    assert float(case.nodules[0, 3]) == 12.0
    assert list(tmp_path.iterdir()) == [other]


def test_voxels_that_fall_inside_the_ct_are_refused_with_their_row(
    chest: Chest, handle: SeriesHandle, tmp_path: Path
) -> None:
    for nodule in chest.nodules:
        z, y, x = chest.geometry.lps_to_voxel(nodule.center_lps_mm)
        as_if_mm = lesion((x, y, z))
        inside = chest.geometry.contains_voxel(chest.geometry.lps_to_voxel((x, y, z)))
        with pytest.raises(InputError, match="row 4") as refused:
            prepared_case(handle, tmp_path, [as_if_mm], truth_path=TABLE)
        assert "voxels" in str(refused.value) or not inside
