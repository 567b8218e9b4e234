from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.zoo.loader import WEIGHTS
from models.zoo.starnet import load_starnet
from models.zoo.starnet_card import SHIPPED_STARNET, StarNetDamagedError


def _copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED_STARNET, tmp_path / "starnet"))


def test_the_shipped_one_is_that_of_its_card() -> None:
    loaded = load_starnet()
    assert loaded.network.config.vocabulary == loaded.tokenizer.size
    assert len(loaded.card.digest) == 64


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    with (folder / WEIGHTS).open("ab") as file:
        file.write(b"x")
    with pytest.raises(StarNetDamagedError, match="install it again"):
        load_starnet(folder)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    (folder / "tokenizer.model").unlink()
    with pytest.raises(StarNetDamagedError, match="cannot be read"):
        load_starnet(folder)


def test_another_calibration_is_another_identity() -> None:
    card = load_starnet().card
    assert card.model_copy(update={"quantile_with_text": 9.0}).digest != card.digest
