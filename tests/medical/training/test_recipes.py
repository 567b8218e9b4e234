"""Recipes: those of the product are what their pages say, and one trains both stages in turn."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from medical.errors import InputError
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import divided, made_pool
from medical.training.batches import augmentation_of
from medical.training.config import Cases, RunConfig
from medical.training.fit import Material, fit
from medical.training.recipes import Budget, Patches, Phase, Recipe, read_recipe, shipped_recipes
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.zoo.loader import find_model
from tests.conftest import REPOSITORY
from tests.logs import logged

pytestmark = pytest.mark.heavy


@pytest.mark.parametrize(
    ("model", "recipe"),
    [
        ("starlung-base", "starlung-0.5.0"),
        ("starlung-fast", "starlung-fast"),
        ("starlung-lite", "starlung-fast"),
    ],
)
def test_the_shipped_weights_have_the_first_stage_of_their_recipe(model: str, recipe: str) -> None:
    detector = read_recipe(recipe).detector.to_dict()
    card = find_model(model).card
    assert {**detector, "widths": list(detector["widths"])}.items() >= card.detector.items()  # type: ignore[call-overload]


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_can_be_read_and_says_what_it_is(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    assert recipe.about
    assert augmentation_of(recipe.phases[-1].curriculum.stages[0]).large_mm == (10.0, 38.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[budget]\nminute = 3\n", "budget.minute is unknown"),
        ("[patches]\nbatch = 6\n", "batch must be a multiple of 4, got 6"),
        ("[[phases]]\nshare = 0.5\n", "shares of the phases must add up to 1"),
        ("[[phases]]\n[phases.batches]\nfake = 1\n", "fake is unknown"),
        ("name = \n", "Invalid value"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_with_its_file(
    tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=says) as refused:
        read_recipe(str(file))
    assert "mine.toml" in str(refused.value)


def test_the_recipe_in_the_documentation_is_one(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "retraining.md").read_text("utf-8")
    (tmp_path / "page.toml").write_text(
        textwrap.dedent(page.split("\n  ```\n")[1].split("\n  ```")[0])
    )
    recipe = read_recipe(str(tmp_path / "page.toml"))
    assert [phase.learns for phase in recipe.phases] == ["first-stage", "refinement-stage"]


def test_former_names_of_options_are_read(tmp_path: Path) -> None:
    """Recipes and runs of version 0.5 and earlier."""
    file = tmp_path / "old.toml"
    file.write_text(
        "[refiner]\nown_judge = true\n[[phases]]\n[phases.batches]\n"
        "fake_share = 0.2\nchunk_share = 0.1\nturned_share = 0.3\nbent_share = 0.4\n"
        "crossed_share = 0.5\n"
    )
    recipe = read_recipe(str(file))
    assert recipe.refiner.own_classifier
    read = augmentation_of(recipe.phases[0].curriculum.stages[0])
    assert (read.distractor_share, read.lung_distractor_share) == (0.2, 0.1)
    assert (read.rotation_share, read.deformation_share, read.vessel_overlay_share) == (
        0.3,
        0.4,
        0.5,
    )
    run = RunConfig(source=Cases(cases="made"), recipe=recipe).model_dump_json()
    former = run.replace("own_classifier", "own_judge")
    assert RunConfig.model_validate_json(former).recipe == recipe


def test_an_unknown_recipe_lists_those_there_are() -> None:
    with pytest.raises(InputError, match=r"local-attention.*starlung-0\.5\.0"):
        read_recipe("nobody")


def test_phases_teach_one_stage_each_and_go_on_where_they_were(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    code, none = rng.integers(10, 40, (64, 64, 64)).astype(np.uint8), np.zeros((0, 4), np.float32)
    case = TrainingCase("made", code, np.ones(code.shape, bool), none)
    chest = TrainingCase("chest", code, np.ones(code.shape, bool), none)
    light = {"distractor_share": 0.0}
    recipe = Recipe(
        detector=DetectorConfig(widths=(4, 8, 8, 8), channels=8),
        refiner=RefinerConfig(widths=(4, 4, 4), hidden=8),
        phases=(
            Phase(name="first", learns="first-stage", share=0.5, echoes=2, batches=light),
            Phase(name="second", learns="refinement-stage", share=0.5, batches=light),
        ),
        budget=Budget(minutes=60, steps=4),
        patches=Patches(batch=4, patch=48),
    )
    pool = divided(made_pool(seed=0), share=0.05, seed=0)[1]
    material = Material(cases=[case], pool=pool, chests=[chest])
    config = RunConfig(source=Cases(cases="made"), recipe=recipe)

    def run() -> dict[str, torch.Tensor]:
        cpu = torch.device("cpu")
        return fit(config, material, out=tmp_path, device=cpu).state_dict()

    with logged() as log:
        first = run()
    assert [line for line in log if line.startswith("phase")] == [
        "phase 1 of 2: first",
        "phase 2 of 2: second",
    ]
    assert {place.name for place in tmp_path.iterdir()} == {"first", "second"}
    before = (tmp_path / "second" / "log.jsonl").read_text()
    with logged() as log:
        again = run()
    assert sum(line.startswith("resumed at step 2") for line in log) == 2
    assert (tmp_path / "second" / "log.jsonl").read_text() == before
    assert all(torch.equal(first[name], again[name]) for name in first)
