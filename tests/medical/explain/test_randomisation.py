from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from medical.explain.attention import attention_in_mask
from medical.explain.baselines import edges, gaussian
from medical.explain.checks.randomisation import (
    PASSES_BELOW,
    cascade,
    similarity_to_random,
    wholly_random,
)
from medical.explain.crop import Crop
from medical.explain.result import Explanation
from medical.explain.starlung import StarLungFinding
from medical.explain.subject import Target


@pytest.mark.parametrize("target", ["class", "box"])
def test_the_shown_map_does_not_survive(ours: StarLungFinding, crop: Crop, target: Target) -> None:
    shown = attention_in_mask(ours, crop, target=target)

    def explain(subject: StarLungFinding) -> Explanation:
        return attention_in_mask(subject, crop, target=target)

    assert similarity_to_random(explain, ours, shown) < PASSES_BELOW


@pytest.mark.parametrize("baseline", [gaussian, edges])
def test_a_map_that_looks_at_no_weight_survives(
    ours: StarLungFinding, crop: Crop, baseline: Callable[[Crop], Explanation]
) -> None:
    alike = similarity_to_random(lambda _: baseline(crop), ours, baseline(crop))
    assert alike == pytest.approx(1.0)


def test_parts_are_drawn_from_the_output_down(ours: StarLungFinding) -> None:
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    name, first = next(iter(cascade(ours)))
    changed = {
        key for key, value in first.state_dict().items() if not torch.equal(value, before[key])
    }
    assert name == "heads"
    assert any(key.startswith("detector.heads") for key in changed)
    assert not any(key.startswith("detector.encoder") for key in changed)


def test_in_the_end_no_convolution_is_left(ours: StarLungFinding) -> None:
    random = wholly_random(ours).state_dict()
    kept = [
        name
        for name, value in ours.state_dict().items()
        if value.ndim == 5 and torch.equal(value, random[name])
    ]
    assert not kept


def test_the_network_itself_is_kept(ours: StarLungFinding) -> None:
    before = [p.clone() for p in ours.parameters()]
    wholly_random(ours)
    assert all(torch.equal(a, b) for a, b in zip(before, ours.parameters(), strict=True))


def test_a_seed_draws_the_same_weights(ours: StarLungFinding) -> None:
    one, other = (wholly_random(ours, seed=3).detector.heads.heat.weight for _ in range(2))
    assert torch.equal(one, other)


def test_drawing_leaves_torchs_own_numbers_alone(ours: StarLungFinding) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    wholly_random(ours)
    assert np.array_equal(torch.rand(3), expected)
