"""Names that cards and weights of earlier versions hold are still read: of version 0.5.0's."""

from __future__ import annotations

from safetensors.torch import load_file

from models.detector.refiner import RefinerConfig
from models.zoo.loader import find_model, sha256_of
from models.zoo.networks import load_networks

EARLIER = "starlung-base"


def test_its_card_s_refiner_has_a_classifier_of_its_own() -> None:
    model = find_model(EARLIER)
    assert model.card.refiner["own_judge"] is True
    assert RefinerConfig.from_dict(model.card.refiner).own_classifier


def test_its_weights_load_name_by_name() -> None:
    model = find_model(EARLIER)
    networks = load_networks(model)
    assert set(load_file(model.weights)) == set(networks.state_dict())
    assert any(name.startswith("refiner.own.") for name in networks.state_dict())
    assert sha256_of(model.weights) == (
        "85be7ace6662539f469c319cbac21942727b0fdc3bb12ed50268ca3ba596601d"
    )
