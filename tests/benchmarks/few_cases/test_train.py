"""A step on made lungs, with small networks: what each way looks at and learns from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from medical.synthesis.case import TrainingCase, hu_to_code
from medical.synthesis.insertion.unlabelled import UnlabelledPatches
from medical.synthesis.nodules.opening import made_pool
from models.detector.detector import DetectorConfig
from models.training.joint import TwoStage
from models.training.loop import LoopConfig
from tests.benchmarks.ablations import train as ablations
from tests.benchmarks.ablations.made import MadeEngine
from tests.benchmarks.few_cases import train as few_cases
from tests.benchmarks.few_cases.plan import LABELLED, Arm

NAMES = (*LABELLED, "lungfcp-01-0001")


class FirstAlone(TwoStage):
    """The second stage is not taught: it takes most of a step."""

    def _refine(self, marks: dict[str, Tensor], batch: Any) -> dict[str, Tensor]:
        return {}


class NotedPatches(UnlabelledPatches):
    """Remembers the cases that the last one was given."""

    cases: tuple[str, ...] = ()

    def __init__(self, cases: list[TrainingCase], **more: Any) -> None:
        NotedPatches.cases = tuple(case.name for case in cases)
        super().__init__(cases, **more)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small variants, a made engine, and nothing remembered."""
    monkeypatch.setattr(MadeEngine, "cases", ())
    monkeypatch.setattr(NotedPatches, "cases", ())
    monkeypatch.setattr(ablations, "NoduleEngine", MadeEngine)
    monkeypatch.setattr(ablations, "UnlabelledPatches", NotedPatches)
    config = DetectorConfig(widths=(4, 8, 8, 8), channels=8)
    variants = {
        name: replace(ablations.VARIANTS[name], detector=config, stages=FirstAlone)
        for name in ("full", "pretrained")
    }
    monkeypatch.setattr(few_cases, "VARIANTS", variants)


def train(arm: Arm, out: Path) -> None:
    hu = np.random.default_rng(0).normal(-850, 30, (48, 48, 48)).astype(np.float32)
    lesion = np.array([[24.0, 24, 24, 8]], np.float32)
    cases = [TrainingCase(n, hu_to_code(hu), np.ones(hu.shape, bool), lesion) for n in NAMES]
    config = LoopConfig(steps=1, warmup_steps=1)
    cpu, pool = torch.device("cpu"), made_pool(seed=0)
    few_cases.train_arm(arm, cases, pool, config=config, out=out, device=cpu, batch=4, patch=32)


def test_a_plain_arm_learns_from_its_scans_alone(tmp_path: Path) -> None:
    arm = Arm(1, "plain", 1)
    train(arm, tmp_path)
    assert (MadeEngine.cases, NotedPatches.cases) == (arm.labelled, ())


def test_a_pretrained_arm_looks_at_all_lungs_and_learns_from_few(tmp_path: Path) -> None:
    arm = Arm(2, "pretrained", 1)
    train(arm, tmp_path)
    assert (MadeEngine.cases, NotedPatches.cases) == (arm.labelled, NAMES)
