"""What heads see of the first stage, and what teaching them leaves as it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medical.synthesis.case import TrainingCase
from models.detector.contract import STRIDE
from tests.benchmarks.folds.second.first_features import (
    HEADS,
    Evidence,
    FeatureHeads,
    heat_around,
    look_around,
)
from tests.benchmarks.folds.second.seen_features import BothMaps, SeenScan, judge
from tests.models.training.test_two_stage import batch_of, stages

CELLS = 16


def at_cell(*cell: float) -> torch.Tensor:
    """Centre of a cell in millimetres."""
    return (torch.tensor([cell]) + 0.5) * STRIDE - 0.5


def heads() -> FeatureHeads:
    torch.manual_seed(1)
    two = stages()
    return FeatureHeads(two.detector, two.refiner)


def test_features_are_those_at_the_place_and_around_it() -> None:
    z, y, x = torch.meshgrid(*[torch.arange(float(CELLS))] * 3, indexing="ij")
    seen = look_around(torch.stack([z, 10 * y, 100 * x])[None], at_cell(5.25, 6, 7))[0]
    center, mean, highest = seen.reshape(3, 3)
    assert center.tolist() == pytest.approx([5.25, 60, 700], rel=1e-5)
    assert mean.tolist() == pytest.approx([5.25, 60, 700], rel=1e-5)
    assert highest.tolist() == pytest.approx([7.25, 80, 900], rel=1e-5)


def test_heat_is_the_highest_of_the_cell_and_those_beside_it() -> None:
    heat = torch.zeros(1, 1, CELLS, CELLS, CELLS)
    heat[0, 0, 4, 4, 4], heat[0, 0, 4, 4, 9] = 3.0, 5.0
    heat = heat.expand(2, -1, -1, -1, -1)
    assert heat_around(heat, torch.cat([at_cell(5, 5.3, 5), at_cell(4, 4, 6.6)])).tolist() == [3, 0]


@pytest.mark.parametrize("name", HEADS)
def test_a_head_sees_what_it_is_named_for_and_nothing_else(name: str) -> None:
    learner, sight = heads().eval(), HEADS[name]
    crops = learner.refiner.hidden1.in_features
    features = 3 * learner.detector.heads.heat.in_channels
    torch.manual_seed(2)
    base = Evidence(*(torch.randn(2, n) for n in (crops, crops, features)), torch.randn(2))

    def differs(**other: torch.Tensor) -> bool:
        head = learner.heads[name]
        return not torch.equal(head(base.of(sight)), head(base._replace(**other).of(sight)))

    assert differs(crops=base.crops + 1) == (sight.crops and not sight.taught)
    assert differs(taught=base.taught + 1) == sight.taught
    assert differs(features=base.features + 1) == sight.features
    assert differs(heat=base.heat + 1) == sight.heat


def test_both_stages_stay_as_they_are() -> None:
    learner = heads().train()
    before = {name: value.clone() for name, value in learner.state_dict().items()}
    steps = torch.optim.AdamW(learner.parameters(), lr=1e-2, weight_decay=0.1)
    parts = learner.losses(batch_of(ignore_regions=False))
    assert list(parts) == list(HEADS)
    torch.stack(list(parts.values())).sum().backward()
    steps.step()
    after = learner.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name.split(".")[1] for name in changed if name.startswith("heads.")} == set(HEADS)
    assert any(name.startswith("along.near.") for name in changed)
    assert all(name in learner.taught() for name in changed)
    assert not any(name.startswith(("detector.", "refiner.")) for name in learner.taught())


def test_the_second_view_is_what_is_seen_of_the_mirror_image() -> None:
    rng = np.random.default_rng(0)
    code, none = rng.integers(0, 120, (64, 64, 80)).astype(np.uint8), np.zeros((0, 4), np.float32)
    detector = stages().detector.eval()
    place = np.array([[30.0, 21.0, 50.0, 8.0]])
    there = np.array([[30.0, 21.0, 79.0 - 50.0, 8.0]])
    seen, reflected = (
        BothMaps(detector).at(TrainingCase("made", shown, np.ones(code.shape, bool), none), at)
        for shown, at in ((code, place), (np.flip(code, -1).copy(), there))
    )
    for part, mirrored in zip(seen, reflected, strict=True):
        assert np.allclose(part, mirrored[::-1], atol=1e-4)
        assert not np.allclose(part[0], part[1], atol=1e-3)


def test_logits_are_the_mean_over_views() -> None:
    learner = heads().eval()
    crops = learner.refiner.hidden1.in_features
    features = 3 * learner.detector.heads.heat.in_channels
    scan = SeenScan(torch.randn(4, 3, crops), torch.randn(2, 3, features), torch.randn(2, 3))
    alone = learner.heads["features"]
    wanted = (alone(scan.features[0]) + alone(scan.features[1])) / 2
    given = judge(learner, scan, scan.crops)
    assert torch.allclose(given["features"], wanted, atol=1e-5)
    assert given.keys() == HEADS.keys()
