from __future__ import annotations

from pathlib import Path

import torch

from models.detector.detector import DetectorConfig
from tests.benchmarks.ablations.made import MadeEngine
from tests.benchmarks.train_detector import teach_detector
from tests.benchmarks.train_judge import teach_judge

CPU = torch.device("cpu")
SECONDS = 1.0  # some steps, however slow the machine


def test_the_first_stage_learns_and_the_second_leaves_it_as_it_is(tmp_path: Path) -> None:
    torch.manual_seed(0)
    engine = MadeEngine([])
    begun = DetectorConfig(widths=(4, 8, 8, 8), channels=8).build()
    before = begun.heads.heat.weight.detach().clone()
    taught = teach_detector(
        begun, engine, seconds=SECONDS, learning_rate=1e-2, out=tmp_path / "first", device=CPU
    )
    after = taught.heads.heat.weight.detach().clone()
    assert not torch.equal(after, before)
    both = teach_judge(taught, engine, seconds=SECONDS, out=tmp_path / "second", device=CPU)
    assert torch.equal(both.detector.heads.heat.weight, after)
    assert not both.training
