"""Patches for pretraining: CTs as they are, in the network's range."""

from __future__ import annotations

import numpy as np
import torch

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.engine import UnlabelledPatches


def case_of(code: int) -> TrainingCase:
    shape = (80, 80, 80)
    return TrainingCase(
        "made", np.full(shape, code, np.uint8), np.ones(shape, bool), np.zeros((0, 4), np.float32)
    )


def test_nothing_is_inserted() -> None:
    torch.manual_seed(0)
    patches = UnlabelledPatches([case_of(20)], device=torch.device("cpu"), patch=32)
    image = patches.batch(4).image
    assert image.shape == (4, 1, 32, 32, 32)
    assert image.max() < -0.3  # lung of -864 HU with noise, and nothing brighter


def test_both_cases_are_drawn() -> None:
    torch.manual_seed(0)
    cases = [case_of(20), case_of(125)]
    patches = UnlabelledPatches(cases, device=torch.device("cpu"), patch=32)
    means = torch.cat([patches.batch(4).image.mean((1, 2, 3, 4)) for _ in range(4)])
    assert means.min() < -0.5 < means.max()
