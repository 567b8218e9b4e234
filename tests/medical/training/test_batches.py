from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.opening import made_pool
from medical.training.batches import StagedBatches, mixture_of
from models.training.curriculum import Curriculum, Stage, read_curriculum
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.heavy


def stage(**batches: object) -> Stage:
    return Stage(name="one", steps=2, batches=batches)


def staged(*stages: Stage) -> StagedBatches:
    hu = np.full((90, 90, 90), 25, np.uint8)
    mark = np.array([[45, 45, 45, 8]], np.float32)
    none = np.zeros((0, 4), np.float32)
    case = TrainingCase("c", hu, np.ones(hu.shape, bool), none, rejected=mark)
    return StagedBatches(
        [case],
        made_pool(seed=0),
        Curriculum(stages=stages),
        device=torch.device("cpu"),
        batch=4,
        patch=48,
        seed=0,
    )


def test_stage_changes_what_it_names_and_nothing_else() -> None:
    mixture = mixture_of(stage(small_share=0.0, large_mm=[12.0, 20.0], hard_negatives=False))
    assert (mixture.small_share, mixture.large_mm) == (0.0, (12.0, 20.0))
    assert mixture.small_mm == mixture_of(stage()).small_mm


@pytest.mark.parametrize(
    ("options", "says"),
    [({"smal_share": 0.5}, "smal_share is unknown"), ({"fake_share": 2.0}, "'one': fake_share is")],
)
def test_stage_that_no_mixture_has_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        mixture_of(stage(**options))


def test_sizes_follow_the_stage() -> None:
    large = {"small_share": 0.0, "large_mm": [14.0, 16.0], "fake_share": 0.0, "cube_share": 0.0}
    small = {"small_share": 1.0, "small_mm": [4.0, 5.0], "fake_share": 0.0, "cube_share": 0.0}
    torch.manual_seed(0)
    with staged(stage(**large), stage(**small)) as batches:
        batches.seek(1)
        first = batches()
        batches.seek(2)
        second = batches()
    assert first.diameters_mm[first.valid].mean() > 2 * second.diameters_mm[second.valid].mean()


def test_run_that_begins_in_a_later_stage_draws_as_one_that_came_there() -> None:
    stages = (stage(), stage(fake_share=0.0))
    drawn = []
    for steps in ((0, 2), (2,)):
        with staged(*stages) as batches:
            for step in steps:
                batches.seek(step)
            torch.manual_seed(5)
            drawn.append(batches().image)
    assert torch.equal(*drawn)


def test_stage_in_the_documentation_is_one(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "retraining.md").read_text("utf-8")
    block = page.split("```toml\n")[1].split("```")[0]
    (tmp_path / "stage.toml").write_text(textwrap.dedent(block))
    (written,) = read_curriculum(tmp_path / "stage.toml").stages
    assert mixture_of(written).large_mm == (12.0, 20.0)
