"""The adaptation run, and from which model it was begun."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from medical.errors import InputError
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import divided, made_pool
from medical.training.adapting import adapt as command
from medical.training.adapting import learn
from medical.training.adapting.adapt import adapt
from medical.training.adapting.pseudo_labels import PseudoLabels
from medical.training.calibration.raw_scores import CalibrationData
from medical.training.config import AdaptConfig
from medical.training.recipes import Budget, Patches
from models.zoo.loader import CARD, DEFAULT_MODEL, StoredModel, find_model
from tests.logs import logged
from tests.medical.training.adapting.boxes import write_boxes
from tests.medical.training.adapting.made import drawn_part, tiny_model

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hospital")
    write_boxes(folder, count=6)
    return folder


@pytest.fixture(scope="module")
def few_nodules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pool as a user has one, small enough to be fast."""
    file = tmp_path_factory.mktemp("pool") / "few.npz"
    divided(made_pool(seed=0), share=0.1, seed=0)[1].save(file)
    return file


class NoPseudoLabeler:
    """The networks' own takes a quarter of a minute to compile; see ``test_suspected``."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def of(self, _: TrainingCase) -> PseudoLabels:
        return np.zeros((0, 5))


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredModel:
    """Six CTs of which each gives what ``drawn_part`` makes."""

    def measure(
        _: object, cases: Sequence[TrainingCase], *__: object, **___: object
    ) -> list[CalibrationData]:
        return [drawn_part(number, shift=4.0) for number, _ in enumerate(cases)]

    monkeypatch.setattr(command, "measure", measure)
    monkeypatch.setattr(command, "PseudoLabeler", NoPseudoLabeler)
    monkeypatch.setattr(learn, "STATISTICS_BATCHES", 1)
    monkeypatch.setattr("medical.synthesis.insertion.render._DISTRACTORS", 3)  # takes seconds
    return tiny_model(tmp_path / "tiny")


def test_features_are_learnt_and_a_model_is_installed(
    hospital: Path, old: StoredModel, few_nodules: Path, tmp_path: Path
) -> None:
    config = AdaptConfig(
        cts=hospital,
        start_from=str(old.folder),
        how="features",
        budget=Budget(steps=1),
        patches=Patches(batch=4, patch=48),
        nodule_pool=few_nodules,
    )
    models = tmp_path / "models"
    with logged() as log:
        folder = adapt(config, out=tmp_path / "out", installed=models)
    card = find_model(str(folder)).card
    assert card.sha256 != old.card.sha256
    assert len(card.scans_seen_in_training) == 2
    assert find_model(card.name, imported=tmp_path / "models").card == card
    assert any(line.startswith("1 CT to learn from, 5 kept aside") for line in log)


def test_calibrating_leaves_the_weights_and_keeps_every_ct_aside(
    hospital: Path, old: StoredModel, few_nodules: Path, tmp_path: Path
) -> None:
    config = AdaptConfig(
        cts=hospital, start_from=str(old.folder), how="calibrate", nodule_pool=few_nodules
    )
    folder = adapt(config, out=tmp_path / "out")
    card = find_model(str(folder)).card
    assert card.sha256 == old.card.sha256
    assert len(card.calibration_scans) == 6


def test_a_full_folder_is_not_overwritten(hospital: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("work")
    with pytest.raises(InputError, match="--resume"):
        adapt(AdaptConfig(cts=hospital), out=tmp_path)


@pytest.mark.slow
def test_the_shipped_weights_are_calibrated_on_boxes_and_resumed(tmp_path: Path) -> None:
    cts, out = tmp_path / "cts", tmp_path / "out"
    write_boxes(cts, count=4)  # enough inserted nodules to calibrate on
    config = AdaptConfig(cts=cts, how="calibrate", patches_each=40)
    with logged() as log:
        folder = adapt(config, out=out)
    assert find_model(str(folder)).card.sha256 == find_model(DEFAULT_MODEL).card.sha256
    assert any("after, calibrate" in line and "INSERTED" in line for line in log)
    with logged() as again:
        adapt(config.model_copy(update={"resume": True}), out=out)
    assert [line for line in again if "after, " in line] == [
        line for line in log if "after, " in line
    ]


@pytest.fixture
def tiny(tmp_path: Path) -> StoredModel:
    return tiny_model(tmp_path / "old")


def begin(tiny: StoredModel, tmp_path: Path) -> str:
    """Begin or go on; there is no CT, so it ends where CTs are looked for."""
    cts = tmp_path / "cts"
    cts.mkdir(exist_ok=True)
    with pytest.raises(InputError) as refused:
        config = AdaptConfig(cts=cts, start_from=str(tiny.folder), how="calibrate", resume=True)
        adapt(config, out=tmp_path / "out")
    return str(refused.value)


@pytest.mark.parametrize("field", ["operating_point", "calibration"])
def test_the_same_weights_read_otherwise_do_not_go_on(
    tiny: StoredModel, tmp_path: Path, field: str
) -> None:
    first = begin(tiny, tmp_path)
    assert "another model" not in first
    assert begin(tiny, tmp_path) == first
    calibration = tiny.card.calibration.model_copy(update={"intercept": 9.0})
    other = {"operating_point": 0.6, "calibration": calibration}[field]
    tiny.card.model_copy(update={field: other}).write(tiny.folder / CARD)
    assert "was begun from another model" in begin(tiny, tmp_path)
