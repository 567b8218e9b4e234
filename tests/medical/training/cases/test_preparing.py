"""Prepared cases, and lung around what readers rejected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import torch

from medical.errors import InputError
from medical.evaluation.tables import ReferenceFinding
from medical.intake import open_input
from medical.io.series_handle import SeriesHandle
from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.engine import NoduleEngine
from medical.synthesis.nodules.pool import made_pool
from medical.synthesis.phantom import Chest, make_chest
from medical.training.cases.preparing import around_rejected, prepared_case

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


pytestmark = pytest.mark.heavy

MARK = (60.0, 90.0, 70.0, 8.0)


def case(*rejected: tuple[float, ...]) -> TrainingCase:
    """Lung everywhere, with a nodule near the candidate and one far away."""
    code = np.full((150, 200, 200), 25, np.uint8)
    code[60, 90, 70] = 255
    rows = np.array(rejected, np.float32).reshape(-1, 4)
    nodules = np.array([(80, 90, 70, 6), (60, 195, 190, 9)], np.float32)
    return TrainingCase("one", code, np.ones(code.shape, bool), nodules, rejected=rows)


def test_mark_is_in_reach_of_every_patch_and_nothing_is_set_onto_it() -> None:
    (small,) = around_rejected(case(MARK))
    center = np.argwhere(small.code == 255)[0]
    away = np.linalg.norm(np.argwhere(small.lung) - center, axis=1)
    assert away.min() > 8 / 2
    assert away.max() < 48 - 8 / 2


def test_real_nodules_nearby_stay_and_far_ones_go() -> None:
    (small,) = around_rejected(case(MARK))
    center = np.argwhere(small.code == 255)[0]
    np.testing.assert_allclose(small.nodules, [[center[0] + 20, center[1], center[2], 6]])


def test_mark_without_lung_around_it_gives_nothing() -> None:
    assert around_rejected(case((500.0, 90.0, 70.0, 8.0))) == []
    assert around_rejected(case()) == []


def test_rejected_marks_are_kept_with_the_case(tmp_path: Path) -> None:
    case(MARK).save(tmp_path / "c.npz")
    np.testing.assert_array_equal(TrainingCase.load(tmp_path / "c.npz").rejected, [MARK])


def test_engine_draws_patches_that_show_the_mark() -> None:
    torch.manual_seed(0)
    (small,) = around_rejected(case(MARK))
    center = np.argwhere(small.code == 255)[0]
    small.code[tuple(slice(at - 3, at + 4) for at in center)] = 255  # brighter than any nodule
    engine = NoduleEngine([small], made_pool(seed=0), device=torch.device("cpu"), patch=96)
    bright = (engine.batch(4).image > 0.7).sum(dim=(1, 2, 3, 4))
    assert (bright > 100).sum() >= 2, f"bright voxels by patch: {bright.tolist()}"
