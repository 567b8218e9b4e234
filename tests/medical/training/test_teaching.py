"""A compression taught by two processes: one student, and what is done is not done again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import divided, made_pool
from medical.training.compressing.config import CompressConfig, Teaching
from medical.training.compressing.recipe import CompressionRecipe
from medical.training.compressing.teaching import TAUGHT, teach_students
from medical.training.config import Cases
from medical.training.recipes import Patches
from models.distributed.checkpoints import CheckpointStore
from tests.medical.training.test_compressing import SMALL, small_teacher

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]


def test_two_processes_teach_the_channels_that_were_left_before_they_began(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    rng = np.random.default_rng(0)
    code, none = rng.integers(10, 40, (64, 64, 64)).astype(np.uint8), np.zeros((0, 4), np.float32)
    TrainingCase("made", code, np.ones(code.shape, bool), none).save(out / "made.npz")
    recipe = CompressionRecipe(
        minutes=0.1, cost=0.6, eight_bit_share=0.0, refinement_share=0.4, refiner=SMALL
    )
    divided(made_pool(seed=0), share=0.05, seed=0)[1].save(out / "pool.npz")
    config = CompressConfig(
        source=Cases(cases="none", nodule_pool=out / "pool.npz"),
        recipe=recipe,
        patches=Patches(batch=4, patch=64),
        per_node=2,
    )
    teacher = small_teacher(tmp_path / "teacher")
    teaching = Teaching(config=config, teacher=str(teacher.folder), cases=("made.npz",))
    teach_students(teaching, out)

    taught = out / TAUGHT
    untaught, student = (
        load_file(taught / f"{name}.safetensors") for name in ("untaught", "pruned")
    )
    shapes = {name: weights.shape for name, weights in untaught.items()}
    assert shapes == {name: weights.shape for name, weights in student.items()}
    assert any((weights != untaught[name]).any() for name, weights in student.items())
    for phase in ("pruned", "refinement"):
        assert (taught / f"{phase}.safetensors").is_file()
        store = CheckpointStore(taught / phase / "checkpoints")
        step, _ = store.newest()
        assert step, phase
        assert all(store.read(step, prefixes=(f"rank{rank}.",)) for rank in (0, 1)), phase

    (out / "made.npz").unlink()  # not read again: all phases are done
    teach_students(teaching, out)
