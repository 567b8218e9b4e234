"""A model's identity: what changes a result changes it, and nothing else does."""

from __future__ import annotations

import pytest

from models.zoo.card import ModelCard
from models.zoo.loader import DEFAULT_MODEL, find_model

CARD = find_model(DEFAULT_MODEL).card


@pytest.mark.parametrize(
    "update",
    [
        {"sha256": "1" * 64},
        {"operating_point": 0.5},
        {"calibration": CARD.calibration.model_copy(update={"intercept": 0.25})},
        {"detector": {**CARD.detector, "channels": 7}},
        {"refiner": {**CARD.refiner, "dropout": 0.05}},
    ],
    ids=lambda update: next(iter(update)),
)
def test_what_changes_a_result_makes_another_model(update: dict[str, object]) -> None:
    assert CARD.model_copy(update=update).digest != CARD.digest


def test_name_and_description_do_not() -> None:
    fields = {"name": "other", "version": "9", "recipe": "", "metrics": {}, "data": []}
    assert CARD.model_copy(update=fields).digest == CARD.digest


def test_the_digest_outlasts_writing_and_the_order_of_the_card() -> None:
    turned = dict(reversed(CARD.model_dump(mode="json").items()))
    turned["detector"] = dict(reversed(CARD.detector.items()))
    assert ModelCard.model_validate(turned).digest == CARD.digest
    assert ModelCard.model_validate_json(CARD.model_dump_json()).digest == CARD.digest


def test_a_card_that_lacks_a_default_is_the_same_model() -> None:
    calibration = CARD.calibration.model_copy(update={"least_mm": 0.0})
    card = CARD.model_copy(update={"calibration": calibration})
    written = card.model_dump(mode="json")
    del written["calibration"]["least_mm"]
    assert ModelCard.model_validate(written).digest == card.digest
