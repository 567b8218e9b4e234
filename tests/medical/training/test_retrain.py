from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from medical.errors import InputError
from medical.synthesis.phantom import make_chest
from medical.training.config import Cases, RunConfig
from medical.training.recipes import Budget, Patches, Recipe
from medical.training.retrain import read_stages, retrain
from models.zoo.loader import find_model
from tests.logs import logged

pytestmark = pytest.mark.heavy

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


def run_of(cases: Path, *, minutes: float = 60.0, **other: object) -> RunConfig:
    """A small run from nothing."""
    recipe = Recipe(budget=Budget(minutes=minutes), patches=Patches(batch=4, patch=48))
    truth = other.pop("truth", None)
    source = Cases.model_validate({"cases": str(cases), "truth": truth})
    return RunConfig.model_validate({"source": source, "recipe": recipe, **other})


def test_one_case_gives_a_model_and_says_it_is_not_evaluated(
    luna_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = run_of(luna_folder, minutes=0.02)
    folder = retrain(first, out=out).folder
    assert RunConfig.read(out).recipe == first.recipe
    card = find_model(str(folder)).card
    assert card.run == RunConfig.read(out).for_card()
    assert str(luna_folder) not in str(card.run)
    assert card.scans_seen_in_training == ["one"]
    assert "not evaluated" in str(card.metrics)
    next((out / "cases").glob("*.npz")).write_bytes(b"torn")
    with logged() as log:
        retrain(run_of(luna_folder, minutes=0.03, resume=True), out=out)
    assert any(line.startswith("resumed at step") for line in log)


def test_what_calibration_and_gate_lack_is_said_before_the_first_step(
    luna_folder: Path, tmp_path: Path
) -> None:
    with logged() as log:
        retrain(run_of(luna_folder, minutes=0.01), out=tmp_path / "out")
    places = [
        next(n for n, line in enumerate(log) if start in line)
        for start in ("calibration needs 3 held-out", "the gate needs 5 held-out", "step 1;")
    ]
    assert places == sorted(places)


def test_full_folder_is_not_overwritten(luna_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("work")
    with pytest.raises(InputError, match="--resume"):
        retrain(run_of(luna_folder), out=tmp_path)


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
        retrain(run_of(luna_folder, truth=truth), out=tmp_path / "out")


@pytest.mark.slow
def test_masks_are_truth_and_stages_follow_each_other(luna_folder: Path, tmp_path: Path) -> None:
    cases, plan = tmp_path / "cases", tmp_path / "plan"
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
    with logged() as log:
        retrain(run_of(cases, curriculum=read_stages(plan)), out=out)
    assert "stage 1 of 2, large: from step 0" in log
    assert "stage 2 of 2, all: from step 1" in log
    (row,) = (out / "truth.csv").read_text().splitlines()[1:]
    assert row.startswith("one,")
    assert row.endswith(",one.nii.gz class 1")


def test_stage_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stage.toml").write_text('name = "a"\nsteps = 1\n[batches]\nsmal = 1\n')
    with pytest.raises(InputError, match=r"stage\.toml: stage 'a': smal is unknown"):
        read_stages(tmp_path / "stage.toml")
