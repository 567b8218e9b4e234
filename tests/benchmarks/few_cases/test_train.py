"""A step on made lungs, with a small first stage: what each way looks at and learns from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from medical.ct.insertion.engine import NoduleEngine
from medical.ct.insertion.unlabelled import UnlabelledPatches
from medical.retraining.cases import TrainingCase, hu_to_code
from medical.retraining.pool import made_pool
from models.detector.detector import DetectorConfig
from models.training.joint import TwoStage
from models.training.loop import LoopConfig
from tests.benchmarks.ablations import train as ablations
from tests.benchmarks.few_cases import train as few_cases
from tests.benchmarks.few_cases.plan import LABELLED, Arm

NAMES = (*LABELLED, "lungfcp-01-0001")


class FirstAlone(TwoStage):
    """The second stage is not taught: it takes most of a step."""

    def _refine(self, marks: dict[str, Tensor], batch: Any) -> dict[str, Tensor]:
        return {}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Which cases are drawn from, by what draws; variants are small."""
    names: dict[str, list[str]] = {}

    class NotedEngine(NoduleEngine):
        def __init__(self, cases: list[TrainingCase], *rest: Any, **more: Any) -> None:
            names["engine"] = [case.name for case in cases]
            super().__init__(cases, *rest, **more)

    class NotedPatches(UnlabelledPatches):
        def __init__(self, cases: list[TrainingCase], **more: Any) -> None:
            names["pretraining"] = [case.name for case in cases]
            super().__init__(cases, **more)

    monkeypatch.setattr(ablations, "NoduleEngine", NotedEngine)
    monkeypatch.setattr(ablations, "UnlabelledPatches", NotedPatches)
    small = DetectorConfig(widths=(4, 8, 8, 8), channels=8)
    variants = {
        name: replace(ablations.VARIANTS[name], detector=small, stages=FirstAlone)
        for name in ("full", "pretrained")
    }
    monkeypatch.setattr(few_cases, "VARIANTS", variants)
    return names


def train(arm: Arm, out: Path) -> None:
    rng = np.random.default_rng(0)
    hu = rng.normal(-850, 30, (64, 64, 64)).astype(np.float32)
    lesion = np.array([[32.0, 32, 32, 8]], np.float32)
    cases = [TrainingCase(n, hu_to_code(hu), np.ones(hu.shape, bool), lesion) for n in NAMES]
    config = LoopConfig(steps=1, warmup_steps=1)
    cpu, pool = torch.device("cpu"), made_pool(seed=0)
    few_cases.train_arm(arm, cases, pool, config=config, out=out, device=cpu, batch=4, patch=48)


def test_a_plain_arm_is_not_pretrained(seen: dict[str, list[str]], tmp_path: Path) -> None:
    arm = Arm(1, "plain", 1)
    train(arm, tmp_path)
    assert seen == {"engine": list(arm.labelled)}


def test_a_pretrained_arm_looks_at_all_lungs_and_learns_from_few(
    seen: dict[str, list[str]], tmp_path: Path
) -> None:
    arm = Arm(2, "pretrained", 1)
    train(arm, tmp_path)
    assert seen == {"pretraining": list(NAMES), "engine": list(arm.labelled)}
