"""A small refinement stage comes to say what its teacher says of crops it has not seen."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from medical.synthesis.insertion.engine import TrainingBatch
from models.compression.pruning import count_parameters
from models.compression.small_refiner import DistilledRefinementStage
from models.detector.detector import DetectorConfig
from models.detector.refiner import Refiner, RefinerConfig
from models.training.distillation.refiner import (
    RefinerDistillationWeights,
    refiner_distillation_loss,
)

EDGE, STEPS = 32, 12


@pytest.fixture(scope="module")
def teacher() -> Refiner:
    """A stage with a classifier of its own whose answers differ from crop to crop."""
    torch.manual_seed(7)
    refiner = RefinerConfig(widths=(8, 8, 8), hidden=32, own_classifier=True).build()
    for module in refiner.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.5)
    return refiner.eval()


def batch_of(seed: int, *, label: float = 1.0) -> TrainingBatch:
    """Two patches of lung, a ball and a rod in each."""
    draw = torch.Generator().manual_seed(seed)
    center = EDGE * (0.35 + 0.3 * torch.rand(2, 1, 3, generator=draw))
    mm = 7 + 8 * torch.rand(2, 1, generator=draw)
    axis = torch.arange(EDGE, dtype=torch.float32)
    grid = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)
    ball = ((grid - center[:, :, None, None]).norm(dim=-1) < mm[:, :, None, None] / 2)[:, None]
    rod = torch.zeros_like(ball)
    rod[..., 6:9, 6:9] = True
    noise = 0.04 * torch.randn(2, 1, EDGE, EDGE, EDGE, generator=draw)
    image = noise - 0.85 + 0.85 * (ball | rod)
    here = torch.ones(2, 1, dtype=torch.bool)
    kind = torch.zeros(2, 1, dtype=torch.long)
    return TrainingBatch(image, label * ball, center, mm, here, kind, here, ~here)


def learner(teacher: Refiner) -> DistilledRefinementStage:
    torch.manual_seed(0)
    detector = DetectorConfig(widths=(4, 8, 8, 8), channels=8).build()
    small = RefinerConfig(widths=(4, 4, 8), hidden=16, dropout=0.0).build()
    return DistilledRefinementStage(detector, small, teacher=teacher)


@torch.no_grad()
def loss_on_unseen(model: DistilledRefinementStage) -> dict[str, float]:
    """Parts of the loss on a batch that it did not learn from."""
    torch.manual_seed(9)
    return {name: float(part) for name, part in model.eval().losses(batch_of(1000)).items()}


def test_it_learns_what_its_teacher_says_and_the_rest_stays(
    teacher: Refiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DistilledRefinementStage, "rows", 2)
    model = learner(teacher)
    first = {name: value.clone() for name, value in model.detector.state_dict().items()}
    own = {name: value.clone() for name, value in teacher.state_dict().items()}
    before = loss_on_unseen(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    torch.manual_seed(1)
    model.train()
    for step in range(STEPS):
        optimizer.zero_grad()
        torch.stack(list(model.losses(batch_of(step)).values())).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    after = loss_on_unseen(model)
    assert after["distil_logit"] < 0.6 * before["distil_logit"]
    assert after["distil_diameter"] < 0.9 * before["distil_diameter"]
    assert after["distil_outline"] < before["distil_outline"]
    assert count_parameters(model.refiner) < 0.5 * count_parameters(teacher)
    assert not any(name.startswith("_teacher") for name in model.state_dict())
    assert all(torch.equal(v, first[n]) for n, v in model.detector.state_dict().items())
    assert all(torch.equal(v, own[n]) for n, v in teacher.state_dict().items())


def test_labels_teach_nothing(teacher: Refiner) -> None:
    model = learner(teacher).eval()
    losses = []
    for label in (1.0, 0.0):
        torch.manual_seed(4)
        with torch.no_grad():
            losses.append(model.losses(batch_of(3, label=label)))
    assert losses[0] == losses[1]


def test_the_same_answer_costs_least_and_a_part_can_be_left_out(teacher: Refiner) -> None:
    draw = torch.Generator().manual_seed(0)
    near, context = torch.randn(2, 3, 1, 32, 32, 32, generator=draw) * 0.4
    seen = (near, context, torch.full((3,), 30.0))
    with torch.no_grad():
        answer = teacher(*seen)
        other = RefinerConfig(widths=(4, 4, 8), hidden=8).build().eval()(*seen)
    weights = RefinerDistillationWeights(density=0.0)
    same = refiner_distillation_loss(answer, answer, weights=weights)
    apart = refiner_distillation_loss(other, answer, weights=weights)
    assert same["distil_diameter"] == 0 and apart["distil_density"] == 0
    assert all(same[name] <= apart[name] for name in same)
    with pytest.raises(ValueError, match="outline must not be negative"):
        RefinerDistillationWeights(outline=-1.0)
