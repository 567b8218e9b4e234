"""A stored model's networks run without torch, from the cache or from files that its card names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from models.runtime.conversion import convert_detector
from models.runtime.networks import Backend, Networks
from models.zoo import ready
from models.zoo.card import CascadeBand, NetworkFiles
from models.zoo.loader import CARD, ModelDamagedError, StoredModel, find_model, sha256_of
from models.zoo.networks import load_networks
from models.zoo.ready import NoGpuError, check_device, ready_networks
from tests.medical.scoring.small_chest import write_small_chest
from tests.medical.training.adapting.made import tiny_model

pytestmark = pytest.mark.heavy

IMAGE = np.random.default_rng(0).random((1, 1, 64, 64, 64), np.float32)
SCORES = """
import sys
from medical.scoring.scorer import Scorer
scorer = Scorer.named(sys.argv[1], samples=2, device="cpu")
scorer.warm_up()  # the small networks find nothing that would be refined
result = scorer.score([sys.argv[2]], sys.argv[3])
assert len(result.series) == 1, result.errors
slow = {"torch", "monai", "streamlit", "matplotlib", "pandas", "sympy"} & set(sys.modules)
assert not slow, slow
assert result.series[0].findings.runtime.name == "OpenVINO"
"""


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    return tiny_model(tmp_path / "tiny")


def test_the_map_is_that_of_the_weights(model: StoredModel, tmp_path: Path) -> None:
    with torch.no_grad():
        expected = load_networks(model).detector(torch.from_numpy(IMAGE)).numpy()
    networks = ready_networks(model, device="cpu", cache=tmp_path / "cache")
    np.testing.assert_allclose(networks.first(IMAGE)[0], expected, atol=1e-3, rtol=1e-3)


def test_scoring_needs_no_torch_once_the_networks_were_converted(
    model: StoredModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARLUNG_CACHE_DIR", str(tmp_path / "cache"))
    ready_networks(model, device="cpu")
    write_small_chest(tmp_path / "ct.nii.gz", seed=1)
    arguments = [str(model.folder), str(tmp_path / "ct.nii.gz"), str(tmp_path / "out")]
    subprocess.run([sys.executable, "-c", SCORES, *arguments], check=True)


def with_network_beside(model: StoredModel, scale: float) -> StoredModel:
    """The model with a first stage beside its weights that says ``scale`` times as much."""

    class Scaled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = load_networks(model).detector

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x) * scale

    network = convert_detector(Scaled().eval())
    (model.folder / "first.xml").write_bytes(network.model)
    (model.folder / "first.bin").write_bytes(network.weights)
    files = {name: sha256_of(model.folder / name) for name in ("first.xml", "first.bin")}
    card = model.card.model_copy(update={"networks": {"first": NetworkFiles(files=files)}})
    card.write(model.folder / CARD)
    return find_model(str(model.folder))


def test_a_network_that_lies_beside_the_weights_runs_in_their_place(
    model: StoredModel, tmp_path: Path
) -> None:
    plain = ready_networks(model, device="cpu", cache=tmp_path / "cache").first(IMAGE)[0]
    beside = with_network_beside(model, 2.0)
    doubled = ready_networks(beside, device="cpu", cache=tmp_path / "cache").first(IMAGE)[0]
    np.testing.assert_allclose(doubled, 2 * plain, atol=2e-3, rtol=1e-3)
    assert beside.card.digest != model.card.digest


def test_another_file_than_the_card_names_is_refused(model: StoredModel, tmp_path: Path) -> None:
    beside = with_network_beside(model, 2.0)
    (beside.folder / "first.bin").write_bytes(b"other")
    with pytest.raises(ModelDamagedError, match=r"first\.bin"):
        ready_networks(beside, device="cpu", cache=tmp_path / "cache")


@pytest.mark.parametrize("names", [["../x.onnx"], ["first.exe"], ["a.bin"], ["a.xml", "b.onnx"]])
def test_a_card_names_network_files_beside_it_only(names: list[str]) -> None:
    with pytest.raises(ValueError, match="network"):
        NetworkFiles(files=dict.fromkeys(names, "0" * 64))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_a_sentence(model: StoredModel) -> None:
    check_device("auto")
    with pytest.raises(NoGpuError, match="choose the device cpu"):
        check_device("cuda")
    with pytest.raises(NoGpuError):
        ready_networks(model, device="cuda")


def test_a_gpu_is_taken_unless_the_model_has_networks_for_the_cpu_alone(
    model: StoredModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(model: StoredModel) -> Networks:
        raise NoGpuError(f"{model.card.name} holds networks for the CPU alone")

    monkeypatch.setattr(ready, "_has_gpu", lambda: True)
    on_gpu = Networks(refuse, None, Backend("torch", "0", "GPU", "bf16"))  # type: ignore[arg-type]
    monkeypatch.setattr(ready, "_on_gpu", lambda model: on_gpu)
    beside = with_network_beside(model, scale=2.0)
    assert ready_networks(beside, cache=tmp_path / "cache") is on_gpu
    monkeypatch.setattr(ready, "_on_gpu", refuse)
    assert ready_networks(beside, cache=tmp_path / "cache").backend.device == "CPU"
    with pytest.raises(NoGpuError, match="for the CPU alone"):
        ready_networks(beside, device="cuda")


def test_where_the_ready_network_is_not_sure_the_weights_look_again(
    model: StoredModel, tmp_path: Path
) -> None:
    image = np.random.default_rng(1).random((1, 1, 96, 96, 96), np.float32)
    beside = with_network_beside(model, scale=2.0)
    plain = ready_networks(beside, device="cpu", cache=tmp_path / "cache").first(image)[0]
    with torch.no_grad():
        wanted = load_networks(model).detector(torch.from_numpy(image)).numpy()
    cascade = beside.card.model_copy(update={"cascade": CascadeBand(low=-1e3, high=1e3, most=1)})
    both = ready_networks(
        StoredModel(beside.folder, cascade), device="cpu", cache=tmp_path / "cache"
    ).first(image)[0]
    changed = (both != plain).any((0, 1))
    assert 0 < changed.sum() <= 8**3
    np.testing.assert_allclose(both[:, :, changed], wanted[:, :, changed], atol=1e-3, rtol=1e-3)
    assert cascade.digest != beside.card.digest
