"""A run's folder belongs to the model that it was begun from."""

from __future__ import annotations

from pathlib import Path

import pytest

from medical.errors import InputError
from medical.training.adapting.adapt import adapt
from medical.training.adapting.config import AdaptConfig
from models.zoo.loader import CARD, StoredModel
from tests.medical.training.adapting.made import tiny_model


@pytest.fixture
def old(tmp_path: Path) -> StoredModel:
    return tiny_model(tmp_path / "old")


def begin(old: StoredModel, tmp_path: Path) -> str:
    """Begin or go on; there is no CT, so it ends where CTs are looked for."""
    cts = tmp_path / "cts"
    cts.mkdir(exist_ok=True)
    with pytest.raises(InputError) as refused:
        config = AdaptConfig(cts=cts, start_from=str(old.folder), how="calibrate", resume=True)
        adapt(config, out=tmp_path / "out")
    return str(refused.value)


@pytest.mark.parametrize("field", ["operating_point", "calibration"])
def test_the_same_weights_read_otherwise_do_not_go_on(
    old: StoredModel, tmp_path: Path, field: str
) -> None:
    first = begin(old, tmp_path)
    assert "another model" not in first
    assert begin(old, tmp_path) == first
    calibration = old.card.calibration.model_copy(update={"intercept": 9.0})
    other = {"operating_point": 0.6, "calibration": calibration}[field]
    old.card.model_copy(update={field: other}).write(old.folder / CARD)
    assert "was begun from another model" in begin(old, tmp_path)
