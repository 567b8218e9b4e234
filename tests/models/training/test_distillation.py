from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.detector.contract import HEAT
from models.detector.detector import Detector, DetectorConfig
from models.detector.losses import centre_loss, centre_targets
from models.training.distillation.detector import (
    DistillationWeights,
    Distiller,
    box_loss,
    feature_loss,
    logit_loss,
)
from models.zoo.loader import find_model
from models.zoo.networks import load_networks

PATCH, BATCH, STEPS = 32, 4, 40


def balls(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Lung with one ball a patch: image, centre and diameter."""
    generator = torch.Generator().manual_seed(seed)
    center = PATCH * (0.3 + 0.4 * torch.rand(BATCH, 1, 3, generator=generator))
    diameter = 5 + 8 * torch.rand(BATCH, 1, generator=generator)
    axis = torch.arange(PATCH, dtype=torch.float32)
    grid = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)
    away = (grid - center[:, :, None, None]).norm(dim=-1)
    ball = (away < diameter[:, :, None, None] / 2).float()[:, None]
    noise = 0.05 * torch.randn(BATCH, 1, PATCH, PATCH, PATCH, generator=generator)
    return noise - 0.8 + 0.8 * ball, center, diameter


def student() -> Detector:
    torch.manual_seed(0)
    return DetectorConfig(widths=(8, 12, 16, 16), channels=8).build()


@pytest.fixture(scope="module")
def teacher() -> Detector:
    """A shipped detector that reads patches as small as these."""
    return load_networks(find_model("starlung-base")).detector


def trained(teacher: Detector, *, distil: bool) -> Detector:
    """The same student after the same steps on the same labels, with its teacher or without."""
    small = student()
    torch.manual_seed(1)
    channels = (small.heads.offset.in_channels, teacher.heads.offset.in_channels)
    both = Distiller(small, teacher, features=("pyramid", "pyramid"), channels=channels)
    optimizer = torch.optim.AdamW(both.parameters(), lr=3e-3)
    for step in range(STEPS):
        image, center, diameter = balls(step)
        yes = torch.ones_like(diameter, dtype=torch.bool)
        targets = centre_targets(center, diameter, yes, torch.zeros_like(image), ~yes, ~yes)
        output, parts = both(image) if distil else (small(image), {})
        loss = sum(centre_loss(output, targets).values()) + sum(parts.values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return small


@pytest.mark.slow
def test_student_with_a_teacher_comes_nearer_to_it_than_without(teacher: Detector) -> None:
    with_it, without = (trained(teacher, distil=strategy) for strategy in (True, False))
    logits, boxes = [], []
    with torch.no_grad():
        for seed in range(1000, 1004):
            image = balls(seed)[0]
            wanted = teacher(image)
            # running means of so few steps say little: judge as trained
            both = [with_it(image), without(image)]
            logits.append([float(logit_loss(item[:, HEAT], wanted[:, HEAT])) for item in both])
            boxes.append([float(box_loss(item, wanted)) for item in both])
    for each in (logits, boxes):
        mean_with, mean_without = torch.tensor(each).mean(0).tolist()
        assert mean_with < 0.95 * mean_without


def test_pupil_that_says_the_same_has_nothing_to_learn() -> None:
    logits = torch.randn(2, 6, 4, 4, 4).requires_grad_()
    (
        logit_loss(logits[:, HEAT], logits[:, HEAT].detach()) + box_loss(logits, logits.detach())
    ).backward()
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) < 1e-6


def test_boxes_far_from_nodules_do_not_count() -> None:
    wanted = torch.zeros(1, 6, 2, 2, 2)
    wanted[:, HEAT] = -20.0
    wanted[:, HEAT, 0, 0, 0] = 20.0
    logits = wanted.clone()
    logits[:, 1:5, 1, 1, 1] = 100.0
    assert float(box_loss(logits, wanted)) < 1e-5
    logits[:, 1:5, 0, 0, 0] = 100.0
    assert float(box_loss(logits, wanted)) == pytest.approx(400.0, rel=1e-3)


@pytest.mark.parametrize(("factor", "expected"), [(3.0, 0.0), (-1.0, 2.0)])
def test_only_the_pattern_of_features_counts(factor: float, expected: float) -> None:
    seen = torch.randn(2, 5, 4, 4, 4)
    assert float(feature_loss(factor * seen + 7, seen)) == pytest.approx(expected, abs=1e-5)


def test_features_of_another_grid_are_brought_to_the_teachers() -> None:
    assert float(feature_loss(torch.randn(1, 3, 2, 2, 2), torch.randn(1, 3, 4, 4, 4))) > 0


def test_teacher_is_neither_trained_nor_stored() -> None:
    first, other = student(), student()
    both = Distiller(first, other)
    assert len(both.state_dict()) == len(first.state_dict())
    assert len(list(both.parameters())) == len(list(first.parameters()))
    assert not any(p.requires_grad for p in other.parameters())


def test_negative_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="got -1"):
        DistillationWeights(boxes=-1.0)
