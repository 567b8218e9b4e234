"""StarNets are found by name among detectors, which know nothing of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from models.zoo.loader import CARD, WEIGHTS, ModelNotFoundError, list_models
from models.zoo.starnet_card import (
    SHIPPED_STARNET,
    LearnedOutcomes,
    StarNetDamagedError,
    read_card,
    write_card,
)
from models.zoo.starnets import (
    DEFAULT_STARNET,
    find_starnet,
    install_starnet,
    list_starnets,
    starnet_of,
)

OUTCOMES = LearnedOutcomes(findings=30, patients=22, malignant=14, known_by={"histology": 30})


def trained_on(folder: Path) -> Path:
    """The shipped one as if outcomes had moved it: with another calibration and name."""
    shutil.copytree(SHIPPED_STARNET, folder)
    changed = {"name": "starnet-outcomes-1", "quantile_without_text": 9.0, "outcomes": OUTCOMES}
    write_card(folder, read_card(folder).model_copy(update=changed))
    return folder


def test_it_is_found_by_name_by_folder_and_by_identity(tmp_path: Path) -> None:
    models = tmp_path / "models"
    made = trained_on(tmp_path / "made")
    place = install_starnet(made, models)
    assert place == models / "starnet-outcomes-1"
    assert read_card(place).outcomes == OUTCOMES
    assert list_starnets(imported=models) == [SHIPPED_STARNET, place]
    assert find_starnet("starnet-outcomes-1", imported=models) == place
    assert find_starnet(str(made)) == made
    assert find_starnet(DEFAULT_STARNET, imported=models) == SHIPPED_STARNET
    assert starnet_of(read_card(place).digest, imported=models) == place
    assert starnet_of("0" * 64, imported=models) is None
    assert {model.folder.parent for model in list_models(imported=models)} == {
        model.folder.parent for model in list_models()
    }
    install_starnet(made, models)  # once more: the same
    assert list_starnets(imported=models) == [SHIPPED_STARNET, place]


def test_an_unknown_name_says_which_there_are(tmp_path: Path) -> None:
    install_starnet(trained_on(tmp_path / "made"), tmp_path / "models")
    with pytest.raises(ModelNotFoundError, match="there are: starnet, starnet-outcomes-1"):
        find_starnet("nobody", imported=tmp_path / "models")


@pytest.mark.parametrize("harm", ["weights", "card"])
def test_a_damaged_one_is_refused_and_passed_by(tmp_path: Path, harm: str) -> None:
    place = install_starnet(trained_on(tmp_path / "made"), tmp_path / "models")
    digest = read_card(place).digest
    if harm == "weights":
        (place / WEIGHTS).write_bytes(b"other")
    else:
        (place / CARD).write_text(json.dumps({"name": 1}))
    with pytest.raises(StarNetDamagedError, match="install it again"):
        find_starnet(place.name, imported=tmp_path / "models")
    assert starnet_of(digest, imported=tmp_path / "models") is None


def test_what_taught_it_is_no_part_of_its_identity(tmp_path: Path) -> None:
    card = read_card(trained_on(tmp_path / "made"))
    assert card.model_copy(update={"outcomes": None}).digest == card.digest
