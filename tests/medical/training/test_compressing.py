"""``starlung compress`` on small chests: each step is measured, too few scans promote none."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import torch
from safetensors.torch import save_file

from medical.errors import InputError
from medical.synthesis.phantom import make_chest
from medical.training.compressing.config import CompressConfig
from medical.training.compressing.figures import StepBook
from medical.training.compressing.plan import CompressionPlan
from medical.training.compressing.recipe import CompressionRecipe, read_compression_recipe
from medical.training.compressing.run import compress
from medical.training.compressing.steps import PACKED, StepMaker, steps_of
from medical.training.config import Cases
from medical.training.recipes import Patches, Recipe
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.training.two_stage import TwoStage
from models.zoo.loader import CARD, DEFAULT_MODEL, WEIGHTS, StoredModel, find_model, sha256_of
from models.zoo.networks import load_networks, save_networks
from tests.logs import logged

SMALL = RefinerConfig(widths=(4, 4, 4), hidden=8)
DETECTOR = DetectorConfig(widths=(16, 16, 24, 24), channels=16, local_attention=True)


def small_teacher(folder: Path, *, mirrored: bool = False) -> StoredModel:
    """A model that sees the whole box, with values from nothing."""
    torch.manual_seed(5)
    detector = replace(DETECTOR, mirrored=mirrored)
    refiner = RefinerConfig(widths=(8, 8, 8), hidden=8)
    folder.mkdir()
    save_networks(TwoStage(detector.build(), refiner.build()), folder / WEIGHTS)
    card = find_model(DEFAULT_MODEL).card.model_copy(
        update={
            "name": "small",
            "sha256": sha256_of(folder / WEIGHTS),
            "detector": detector.to_dict(),
            "refiner": refiner.to_dict(),
            "networks": {},
            "scans_seen_in_training": [],
        }
    )
    card.write(folder / CARD)
    return StoredModel(folder, card)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two chests to learn from and two to measure on, with a nodule in one of each."""
    folder = tmp_path_factory.mktemp("cases")
    truth, split = ["seriesuid,coordX,coordY,coordZ,diameter_mm"], ["seriesuid,split"]
    for number in range(4):
        chest = make_chest(number + 3, shape=(90, 104, 104), spacing_mm=(3.0, 3.0, 3.0))
        image = SimpleITK.GetImageFromArray(chest.hu.astype(np.int16))
        image.SetSpacing((3.0, 3.0, 3.0))
        image.SetOrigin([float(v) for v in chest.geometry.origin_lps_mm])
        SimpleITK.WriteImage(image, str(folder / f"c{number}.mhd"))
        if number % 2 == 0:
            x, y, z = chest.nodules[0].center_lps_mm
            truth.append(f"c{number},{x},{y},{z},9")
        split.append(f"c{number},{'training' if number < 2 else 'evaluation'}")
    (folder / "annotations.csv").write_text("\n".join(truth) + "\n")
    (folder / "split.csv").write_text("\n".join(split) + "\n")
    return folder


def test_the_shipped_recipe_is_what_the_defaults_are_and_a_wrong_one_is_named(
    tmp_path: Path,
) -> None:
    shipped = read_compression_recipe("lite")
    assert shipped.plan == CompressionRecipe().plan
    fewer = read_compression_recipe("starlung-lite")
    assert steps_of(fewer.plan) == (
        "teacher",
        "pruned",
        "refinement",
        "int8-first-stage",
        "int8",
    )
    assert find_model("starlung-lite").card.reads_in_mirror == fewer.plan.mirrored
    (tmp_path / "a.toml").write_text("cost = 3\n")
    with pytest.raises(InputError, match="cost must be"):
        read_compression_recipe(str(tmp_path / "a.toml"))
    (tmp_path / "b.toml").write_text("eight_bit_share = 0.6\nrefinement_share = 0.5\n")
    with pytest.raises(InputError, match="less than 1"):
        read_compression_recipe(str(tmp_path / "b.toml"))
    with pytest.raises(InputError, match="one of: lite, starlung-lite"):
        read_compression_recipe("none")


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_student_reads_in_a_mirror_as_well_only_where_the_plan_says_so(
    tmp_path: Path, mirrored: bool
) -> None:
    teacher = small_teacher(tmp_path / "teacher", mirrored=True)
    networks = load_networks(teacher)
    save_file(networks.detector.state_dict(), tmp_path / "pruned.safetensors")
    maker = StepMaker(
        teacher=teacher,
        recipe=Recipe(detector=DETECTOR),
        plan=CompressionPlan(eight_bit_share=0.0, refinement_share=0.0, mirrored=mirrored),
        taught=tmp_path,
        cases=[],
        trained_on=["a"],
        out=tmp_path / "steps",
    )
    student = maker.make("pruned").model
    assert student.card.reads_in_mirror == mirrored
    assert teacher.card.reads_in_mirror


@pytest.mark.heavy
@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_steps_get_smaller_are_measured_once_and_too_few_scans_promote_none(
    cases: Path, tmp_path: Path
) -> None:
    pytest.importorskip("nncf", reason="needs the extra 'train'")
    out, teacher = tmp_path / "out", small_teacher(tmp_path / "teacher")
    config = CompressConfig(
        source=Cases(cases=str(cases)),
        recipe=CompressionRecipe(minutes=0.15, cost=0.6, refiner=SMALL),
        patches=Patches(batch=4, patch=64),
    )
    done = compress(config, teacher, out=out)
    steps = steps_of(config.recipe.plan)
    assert tuple(row.step for row in done.steps) == steps
    assert len(steps) == 6
    sizes = [row.file_bytes for row in done.steps]
    assert sizes[0] > sizes[1] and sizes[3] < sizes[2] and sizes[4] > sizes[5]
    assert done.steps[1].channels < done.steps[0].channels
    assert done.steps[1].multiplications < done.steps[0].multiplications
    assert all(row.window_ms_best > 0 and row.peak_mib > 0 for row in done.steps)
    assert all(len(row.sensitivity) == 7 for row in done.steps)
    assert done.lite is None and "too few" in done.steps[-1].verdict
    assert not list(out.glob("*.starlung"))
    assert (out / "pareto.png").stat().st_size > 5000

    packed = find_model(str(out / "steps" / "int8" / PACKED))
    assert packed.card.digest != teacher.card.digest
    assert "too few" in packed.card.kept_back
    assert all(find_model(str(out / "steps" / name)).card.kept_back for name in steps[1:])
    shutil.rmtree(out / "steps" / "int8")
    with logged() as log:
        again = compress(config.model_copy(update={"resume": True}), teacher, out=out)
    evaluated = [line for line in log if line.startswith("evaluated")]
    assert len(evaluated) == 2 * 2  # the teacher, for its scans, and what was lost
    assert [row.cpm for row in again.steps[:-1]] == [row.cpm for row in done.steps[:-1]]
    assert len(StepBook(out / "steps.jsonl").find("int8", again.steps[-1].sha256).sensitivity) == 7  # type: ignore[union-attr]
    with pytest.raises(InputError, match="not empty"):
        compress(config, teacher, out=out)
