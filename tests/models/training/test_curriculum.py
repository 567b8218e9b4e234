from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.training.curriculum import Curriculum, Stage, read_curriculum
from models.training.loop import LoopConfig, train
from tests.logs import logged

EASY = 'name = "easy"\nsteps = 3\nlearning_rate = 0.5\n[batches]\nshare = 0.1\n'
HARD = 'name = "hard"\nsteps = 4\n'


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)
    return folder


def test_folder_gives_stages_in_the_order_of_their_names(tmp_path: Path) -> None:
    curriculum = read_curriculum(write(tmp_path, b2=HARD, a1=EASY))
    assert [stage.name for stage in curriculum.stages] == ["easy", "hard"]
    assert curriculum.steps == 7
    assert curriculum.stages[0].batches == {"share": 0.1}


def test_stage_follows_from_the_step(tmp_path: Path) -> None:
    curriculum = read_curriculum(write(tmp_path, a=EASY, b=HARD))
    assert [curriculum.number_at(step) for step in (0, 2, 3, 6, 99)] == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "a"\nsteps = 0\n', r"a\.toml: steps: .*greater than 0"),
        ('name = "a"\nsteps = 2\nbatchs = {}\n', r"a\.toml: batchs: "),
        ("name = \n", r"a\.toml: not TOML"),
        ("steps = 3\n", r"a\.toml: name: "),
    ],
)
def test_stage_that_cannot_be_names_its_file(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_curriculum(write(tmp_path, a=text))


def test_folder_without_stages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no stage in it"):
        read_curriculum(tmp_path)


class Batches:
    """Remembers which steps it was told; draws larger numbers in later stages."""

    def __init__(self, curriculum: Curriculum) -> None:
        self.curriculum, self.told = curriculum, list[int]()

    def seek(self, step: int) -> None:
        self.told.append(step)

    def __call__(self) -> Tensor:
        return torch.randn(2, 4) * (1 + self.curriculum.number_at(self.told[-1]))


def run(out: Path, *, steps: int) -> tuple[Tensor, Batches, list[str]]:
    stages = (Stage(name="easy", steps=3, learning_rate=0.5), Stage(name="hard", steps=4))
    curriculum = Curriculum(stages=stages)
    torch.manual_seed(0)
    module, batches = nn.Linear(4, 4), Batches(curriculum)
    with logged() as lines:
        train(
            module,
            lambda x: {"square": (module(x) - x).square().mean()},
            batches,
            LoopConfig(steps=steps, warmup_steps=1, lose_at_most_steps=3),
            out=out,
            device=torch.device("cpu"),
            curriculum=curriculum,
        )
    return module.weight.detach().clone(), batches, lines


def test_loop_tells_batches_each_step_and_people_each_stage(tmp_path: Path) -> None:
    _, batches, lines = run(tmp_path, steps=7)
    assert batches.told == list(range(7))
    assert "stage 1 of 2, easy: from step 0" in lines
    assert "stage 2 of 2, hard: from step 3" in lines


def test_short_runs_go_on_in_the_stage_where_the_last_one_ended(tmp_path: Path) -> None:
    run(tmp_path, steps=5)
    _, batches, lines = run(tmp_path, steps=7)
    assert batches.told == [5, 6]
    assert "stage 2 of 2, hard: from step 5" in lines


def test_learning_rate_follows_the_stage(tmp_path: Path) -> None:
    torch.manual_seed(0)
    before = nn.Linear(4, 4).weight.detach()
    after, _, _ = run(tmp_path, steps=1)
    rate = 0.5 * LoopConfig(steps=1).learning_rate
    moved = (after - before * (1 - rate * 0.02)).abs()  # Adam's first step, without the decay
    torch.testing.assert_close(moved, torch.full_like(moved, rate), rtol=1e-3, atol=0)
