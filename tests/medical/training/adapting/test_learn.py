"""Learning from unlabelled lungs: what moves, what does not, and that it goes on where it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import divided, made_pool
from medical.training.adapting import learn
from medical.training.adapting.learn import learn_features, learn_statistics
from medical.training.config import AdaptConfig
from medical.training.recipes import Budget, Patches
from models.training.two_stage import FirstStageOnly, TwoStage
from models.zoo.networks import load_networks
from tests.logs import logged
from tests.medical.training.adapting.made import tiny_model

pytestmark = pytest.mark.heavy

CPU = torch.device("cpu")
CONFIG = AdaptConfig(
    cts=Path("none"), budget=Budget(minutes=10, steps=1), patches=Patches(batch=4, patch=48)
)
POOL = divided(made_pool(seed=0), share=0.05, seed=0)[1]


def lungs() -> list[TrainingCase]:
    rng = np.random.default_rng(0)
    shape = (64, 64, 64)
    code = rng.integers(10, 40, shape).astype(np.uint8)
    return [TrainingCase("made", code, np.ones(shape, bool), np.zeros((0, 4), np.float32))]


def moved(before: TwoStage, after: TwoStage) -> set[str]:
    old, new = before.state_dict(), after.state_dict()
    return {name for name, value in old.items() if not torch.equal(value, new[name])}


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwoStage:
    monkeypatch.setattr(learn, "STATISTICS_BATCHES", 1)
    monkeypatch.setattr("medical.synthesis.insertion.render._DISTRACTORS", 3)  # takes seconds
    return load_networks(tiny_model(tmp_path / "tiny"))


def learnt(networks: TwoStage, out: Path, *, config: AdaptConfig) -> TwoStage:
    return learn_features(networks, lungs(), POOL, config=config, channels=8, out=out, device=CPU)


def test_features_of_the_first_stage_move_and_the_second_stays(
    old: TwoStage, tmp_path: Path
) -> None:
    new = load_networks(tiny_model(tmp_path / "again"))
    names = moved(old, learnt(new, tmp_path / "out", config=CONFIG))
    assert any(name.startswith("detector.encoder") for name in names)
    assert any(name.startswith("detector.heads") for name in names)
    assert not any(name.startswith("refiner") for name in names)
    assert not new.training


def test_a_run_cut_off_ends_as_one_that_was_not(
    old: TwoStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = learnt(old, tmp_path / "whole", config=CONFIG)
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(FirstStageOnly, "losses", _cut_off)
        other = load_networks(tiny_model(tmp_path / "other"))
        learnt(other, tmp_path / "cut", config=CONFIG)
    other = load_networks(tiny_model(tmp_path / "once_more"))
    with logged() as log:
        learnt(other, tmp_path / "cut", config=CONFIG)
    assert any(line.startswith("resumed at step 1") for line in log)
    assert not moved(whole, other)


def _cut_off(*_: object) -> None:
    raise KeyboardInterrupt


def test_statistics_move_and_weights_stay(old: TwoStage, tmp_path: Path) -> None:
    new = load_networks(tiny_model(tmp_path / "again"))
    learn_statistics(new, lungs(), POOL, config=CONFIG, known_cts=1, device=CPU)
    names = {name for name in moved(old, new) if not name.endswith("num_batches_tracked")}
    assert names
    assert all(name.endswith(("running_mean", "running_var")) for name in names)
    assert any(name.startswith("refiner") for name in names)


def test_many_known_cts_keep_the_statistics_nearer_to_the_old(
    old: TwoStage, tmp_path: Path
) -> None:
    name = "detector.encoder.stem.adn.N.running_mean"
    apart = []
    for known in (1, 50):
        new = load_networks(tiny_model(tmp_path / f"known{known}"))
        learn_statistics(new, lungs(), POOL, config=CONFIG, known_cts=known, device=CPU)
        apart.append(float((new.state_dict()[name] - old.state_dict()[name]).abs().max()))
    assert 0 < apart[1] < 0.2 * apart[0]
