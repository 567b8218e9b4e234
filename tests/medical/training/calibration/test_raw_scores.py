from __future__ import annotations

import math

import numpy as np
import torch

from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import made_pool
from medical.training.calibration.raw_scores import collect_raw_scores
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.training.two_stage import TwoStage


def test_a_ct_in_which_nothing_is_marked_counts_too() -> None:
    torch.manual_seed(0)
    networks = TwoStage(
        DetectorConfig(widths=(4, 8, 8, 8), channels=8).build(),
        RefinerConfig(widths=(4, 4, 8), hidden=8).build(),
    )
    with torch.no_grad():
        networks.detector.heads.heat.weight.zero_()
        networks.detector.heads.heat.bias.fill_(-20.0)
    shape = (96, 96, 96)
    air = TrainingCase(
        "air", np.full(shape, 30, np.uint8), np.ones(shape, bool), np.zeros((0, 4), np.float32)
    )
    held = collect_raw_scores(networks.eval(), [air], made_pool(seed=0), patches=0, bound=math.inf)
    assert len(held.scores.weight) == 0
    assert held.center_voxel.shape == (0, 3)


def test_the_second_stages_logits_are_held_within_the_bound_of_a_result() -> None:
    torch.manual_seed(0)
    networks = TwoStage(
        DetectorConfig(widths=(4, 8, 8, 8), channels=8).build(),
        RefinerConfig(widths=(4, 4, 8), hidden=8).build(),
    ).eval()
    with torch.no_grad():
        networks.detector.heads.heat.bias.fill_(0.0)
        networks.refiner.out.bias[0] = 50.0
    shape = (96, 96, 96)
    noise = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    case = TrainingCase("noise", noise, np.ones(shape, bool), np.zeros((0, 4), np.float32))
    for bound in (3.0, math.inf):
        made = collect_raw_scores(networks, [case], made_pool(seed=0), patches=0, bound=bound)
        logits = made.scores.refiner_logit
        assert len(logits)
        assert np.allclose(logits, 3.0) if bound == 3.0 else (logits > 40.0).all()
