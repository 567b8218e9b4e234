"""A second stage that counts less than it was taught to is taught on as it was taught."""

from __future__ import annotations

import math

import pytest
import torch

from models.zoo.loader import find_model
from models.zoo.networks import load_networks, load_to_teach, weigh_refinement


@pytest.mark.parametrize(("name", "share"), [("starlung-fast", 4), ("starlung-lite", 16)])
def test_what_is_taught_on_holds_the_whole_logit_and_nothing_else_differs(
    name: str, share: int
) -> None:
    model = find_model(name)
    stored, taught = load_networks(model).state_dict(), load_to_teach(model).state_dict()
    assert model.card.refinement_weight == 1 / share
    for part, value in stored.items():
        if part in ("refiner.out.weight", "refiner.out.bias"):
            assert torch.equal(taught[part][0], share * value[0])
            assert torch.equal(taught[part][1:], value[1:])
        else:
            assert torch.equal(taught[part], value)


def test_weighed_again_they_are_as_stored() -> None:
    model = find_model("starlung-fast")
    stored, taught = load_networks(model).state_dict(), load_to_teach(model)
    weigh_refinement(taught.refiner, model.card.refinement_weight)
    assert all(torch.equal(stored[name], value) for name, value in taught.state_dict().items())


def test_a_classifier_of_its_own_is_the_one_that_is_weighed() -> None:
    refiner = load_networks(find_model("starlung-base")).refiner
    before = {name: value.clone() for name, value in refiner.state_dict().items()}
    weigh_refinement(refiner, 0.5)
    changed = [n for n, v in refiner.state_dict().items() if not torch.equal(v, before[n])]
    assert changed == ["own.out.weight", "own.out.bias"]


def test_the_bound_is_weighed_as_the_logit_is_and_a_whole_one_has_none() -> None:
    card = find_model("starlung-lite").card
    bounds = [
        card.model_copy(update={"refinement_weight": weight}).refinement_bound
        for weight in (1 / 16, 1 / 4, 1.0)
    ]
    assert bounds == [0.5, 2.0, math.inf]
