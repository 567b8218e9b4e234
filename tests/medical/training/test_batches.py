"""Batches of a curriculum, and each used several times."""

from __future__ import annotations

import itertools
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.engine import TrainingBatch
from medical.synthesis.nodules.pool import made_pool
from medical.training.batches import Echo, StagedBatches, augmentation_of, turned
from models.detector.contract import CHANNELS_OUT, HEAT, OFFSET, STRIDE
from models.training.curriculum import Curriculum, Stage, read_curriculum
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.heavy


def stage(**batches: object) -> Stage:
    return Stage(name="one", steps=2, batches=batches)


def staged(*stages: Stage) -> StagedBatches:
    hu = np.full((90, 90, 90), 25, np.uint8)
    finding = np.array([[45, 45, 45, 8]], np.float32)
    none = np.zeros((0, 4), np.float32)
    case = TrainingCase("c", hu, np.ones(hu.shape, bool), none, rejected=finding)
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
    augmentation = augmentation_of(
        stage(small_share=0.0, large_mm=[12.0, 20.0], hard_negatives=False)
    )
    assert (augmentation.small_share, augmentation.large_mm) == (0.0, (12.0, 20.0))
    assert augmentation.small_mm == augmentation_of(stage()).small_mm


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"smal_share": 0.5}, "smal_share is unknown"),
        ({"distractor_share": 2.0}, "'one': distractor_share is"),
    ],
)
def test_stage_that_no_mixture_has_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        augmentation_of(stage(**options))


def test_sizes_follow_the_stage() -> None:
    large = {
        "small_share": 0.0,
        "large_mm": [14.0, 16.0],
        "distractor_share": 0.0,
        "cube_share": 0.0,
    }
    small = {"small_share": 1.0, "small_mm": [4.0, 5.0], "distractor_share": 0.0, "cube_share": 0.0}
    torch.manual_seed(0)
    with staged(stage(**large), stage(**small)) as batches:
        batches.seek(1)
        first = batches()
        batches.seek(2)
        second = batches()
    assert first.diameters_mm[first.valid].mean() > 2 * second.diameters_mm[second.valid].mean()


def test_run_that_begins_in_a_later_stage_draws_as_one_that_came_there() -> None:
    stages = (stage(), stage(distractor_share=0.0))
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
    assert augmentation_of(written).large_mm == (12.0, 20.0)


EDGE = 8


def batch_with_a_dot(z: int, y: int, x: int) -> TrainingBatch:
    image = torch.zeros(1, 1, EDGE, EDGE, EDGE)
    image[0, 0, z, y, x] = 1
    row = torch.ones(1, 1)
    yes = torch.ones(1, 1, dtype=torch.bool)
    center = torch.tensor([[[float(z), float(y), float(x)]]])
    return TrainingBatch(image, image.clone(), center, row, yes, yes.long(), yes, ~yes)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("mirrored", [[], [0], [1, 2], [0, 1, 2]])
def test_centres_follow_their_voxels(order: tuple[int, ...], mirrored: list[int]) -> None:
    made = turned(batch_with_a_dot(1, 2, 5), order=list(order), mirrored=mirrored)
    for volume in (made.image, made.label):
        assert torch.nonzero(volume[0, 0]).tolist() == made.centers[0].long().tolist()


def test_each_batch_is_used_so_often() -> None:
    numbers = iter(range(9))
    echo = Echo(lambda: batch_with_a_dot(next(numbers) % EDGE, 0, 0), times=3)
    used = [echo() for _ in range(6)]
    assert next(numbers) == 2
    assert used[0].centers[0, 0, 0] == 0 and used[3].centers[0, 0, 0] == 1
    assert all(float(batch.image.sum()) == 1 for batch in used)


def pointing(image: Tensor) -> Tensor:
    """A teacher that knows where the dot is: heat in its cell, and how far off its centre."""
    answer = torch.zeros(len(image), CHANNELS_OUT, *(size // STRIDE for size in image.shape[2:]))
    dots = torch.nonzero(image[:, 0])
    cells = dots[:, 1:] // STRIDE
    off = (dots[:, 1:] + 0.5) / STRIDE - (cells + 0.5)
    for (number, *_), cell, apart in zip(dots.tolist(), cells.tolist(), off, strict=True):
        answer[(number, HEAT, *cell)] = 3.0
        answer[(number, OFFSET, *cell)] = apart
    return answer


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("mirrored", [[], [0], [1, 2], [0, 1, 2]])
def test_an_answer_turns_with_its_image(order: tuple[int, ...], mirrored: list[int]) -> None:
    batch = batch_with_a_dot(1, 2, 7)
    made = turned(
        batch._replace(answer=pointing(batch.image)), order=list(order), mirrored=mirrored
    )
    assert made.answer is not None
    torch.testing.assert_close(made.answer, pointing(made.image))


def test_a_teacher_is_asked_once_for_what_is_used_several_times() -> None:
    asked: list[Tensor] = []

    def answer(image: Tensor) -> Tensor:
        asked.append(image)
        return pointing(image)

    echo = Echo(lambda: batch_with_a_dot(1, 2, 7), times=3, teacher=answer)
    used = [echo() for _ in range(6)]
    assert len(asked) == 2
    for batch in used:
        assert batch.answer is not None
        torch.testing.assert_close(batch.answer, pointing(batch.image))
