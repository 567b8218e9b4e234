from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from medical.errors import InputError
from medical.synthesis.phantom import make_chest
from medical.training.retrain import retrain
from models.zoo.loader import find_model

HEAD = "seriesuid,coordX,coordY,coordZ,diameter_mm\n"


@pytest.fixture(scope="module")
def luna_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("luna")
    chest = make_chest(3, shape=(90, 104, 104), spacing_mm=(3.0, 3.0, 3.0))
    image = SimpleITK.GetImageFromArray(chest.hu.astype(np.int16))
    image.SetSpacing((3.0, 3.0, 3.0))
    image.SetOrigin([float(v) for v in chest.geometry.origin_lps_mm])
    SimpleITK.WriteImage(image, str(folder / "one.mhd"))
    x, y, z = chest.nodules[0].center_lps_mm
    (folder / "annotations.csv").write_text(f"{HEAD}one,{x},{y},{z},9\n")
    return folder


def test_one_case_gives_a_model_and_says_it_is_not_evaluated(
    luna_folder: Path, tmp_path: Path
) -> None:
    out, said = tmp_path / "out", list[str]()
    options = {"batch": 4, "patch": 48, "say": said.append}
    folder = retrain(luna_folder, out=out, minutes=0.02, **options)  # type: ignore[arg-type]
    card = find_model(str(folder)).card
    assert card.scans_seen_in_training == ["one"]
    assert "not evaluated" in str(card.metrics)
    next((out / "cases").glob("*.npz")).write_bytes(b"torn")
    retrain(luna_folder, out=out, minutes=0.03, resume=True, **options)  # type: ignore[arg-type]
    assert any(line.startswith("resumed at step") for line in said)


def test_full_folder_is_not_overwritten(luna_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("work")
    with pytest.raises(InputError, match="--resume"):
        retrain(luna_folder, out=tmp_path, say=str)


@pytest.mark.parametrize(
    ("rows", "says"),
    [("", "no nodule"), ("two,1,2,3,9\n", "series UID two"), ("one,900,900,900,9\n", "row 2 lies")],
)
def test_truth_that_cannot_be_is_refused_before_training(
    luna_folder: Path, tmp_path: Path, rows: str, says: str
) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text(HEAD + rows)
    with pytest.raises(InputError, match=says):
        retrain(luna_folder, out=tmp_path / "out", truth=truth, say=str)


@pytest.mark.slow
def test_masks_are_truth_and_stages_follow_each_other(luna_folder: Path, tmp_path: Path) -> None:
    cases, plan, said = tmp_path / "cases", tmp_path / "plan", list[str]()
    for folder in (cases / "masks", plan):
        folder.mkdir(parents=True)
    image = SimpleITK.ReadImage(str(luna_folder / "one.mhd"))
    SimpleITK.WriteImage(image, str(cases / "one.nii.gz"))
    line = (luna_folder / "annotations.csv").read_text().splitlines()[1]
    center = [float(value) for value in line.split(",")[1:4]]
    mask = SimpleITK.Image(image.GetSize(), SimpleITK.sitkUInt8)
    mask.CopyInformation(image)
    x, y, z = image.TransformPhysicalPointToIndex(center)
    mask[x - 1 : x + 2, y - 1 : y + 2, z - 1 : z + 2] = 1
    SimpleITK.WriteImage(mask, str(cases / "masks" / "one.nii.gz"))
    (plan / "1.toml").write_text('name = "large"\nsteps = 1\n[batches]\nsmall_share = 0.0\n')
    (plan / "2.toml").write_text('name = "all"\nsteps = 1\n')
    out = tmp_path / "out"
    retrain(cases, out=out, curriculum=plan, batch=4, patch=48, minutes=60, say=said.append)
    assert "stage 1 of 2, large: from step 0" in said
    assert "stage 2 of 2, all: from step 1" in said
    (row,) = (out / "truth.csv").read_text().splitlines()[1:]
    assert row.startswith("one,")
    assert row.endswith(",one.nii.gz class 1")


def test_stage_that_cannot_be_is_refused_before_anything_is_written(
    luna_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "stage.toml").write_text('name = "a"\nsteps = 1\n[batches]\nsmal = 1\n')
    with pytest.raises(InputError, match=r"stage\.toml: stage 'a': smal is unknown"):
        retrain(luna_folder, out=tmp_path / "out", curriculum=tmp_path / "stage.toml", say=str)
    assert not (tmp_path / "out").exists()
