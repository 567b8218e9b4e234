from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.starnet.layers import Projection
from models.starnet.network import projections
from models.starnet.spectrum import ranks_of, start_from
from tests.models.starnet.networks import SMALL, image_tokens, network, text_tokens


def test_a_map_of_rank_two_is_found_to_be_so() -> None:
    teacher = network(SMALL.standard())
    part = projections(teacher)["image_asks.feed.into"]
    assert part.full is not None
    with torch.no_grad():
        part.full.weight.copy_(torch.randn(32, 2) @ torch.randn(2, 16))
    assert ranks_of(teacher, energy=0.999)["image_asks.feed.into"] <= 2


def test_a_map_that_would_grow_keeps_its_rank() -> None:
    teacher = network(SMALL.standard())
    part = projections(teacher)["image_asks.attend.q"]
    assert part.full is not None
    with torch.no_grad():
        part.full.weight.copy_(torch.eye(16))
    assert "image_asks.attend.q" not in ranks_of(teacher, energy=0.9)


def test_at_nearly_all_energy_the_start_says_what_the_teacher_says() -> None:
    teacher = network(SMALL.standard())
    ranks = {name: 16 for name, part in projections(teacher).items() if min(part.shape) >= 16}
    student = start_from(replace(SMALL.standard(), ranks=ranks), teacher).eval()
    image, text = image_tokens(3), text_tokens([4, 6, 0])
    assert torch.allclose(student(image, text).logit, teacher(image, text).logit, atol=1e-4)


def test_energy_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="got 1"):
        ranks_of(network(SMALL.standard()), energy=1)


def test_only_a_full_map_is_taken_over() -> None:
    low = Projection(4, 4, rank=1)
    with pytest.raises(ValueError, match="no full map"):
        Projection(4, 4, rank=1).copy_from(low)
