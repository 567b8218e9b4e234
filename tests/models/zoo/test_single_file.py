"""A model as one file loads alone, and a file that is none is refused with one sentence."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from models.runtime.conversion import convert_detector, convert_refiner
from models.zoo.card import NETWORK_NAMES, NetworkFiles
from models.zoo.loader import (
    CARD,
    WEIGHTS,
    ModelDamagedError,
    ModelFileError,
    StoredModel,
    find_model,
)
from models.zoo.networks import ForeignNetworkError, load_networks
from models.zoo.ready import ready_networks
from models.zoo.single_file import digest_of, pack
from tests.medical.training.adapting.made import tiny_model

pytestmark = pytest.mark.heavy

IMAGE = np.random.default_rng(0).random((1, 1, 64, 64, 64), np.float32)
CROPS = [np.random.default_rng(1).random((2, 1, 32, 32, 32), np.float32) for _ in range(2)]
EXTENTS = np.array([24.0, 40.0], np.float32)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredModel:
    """A model with all its networks beside it."""
    monkeypatch.setenv("STARLUNG_CACHE_DIR", str(tmp_path / "cache"))
    whole = tiny_model(tmp_path / "tiny")
    both = load_networks(whole)
    files = (convert_detector(both.detector), *convert_refiner(both.refiner))
    named = {}
    for name, file in zip(NETWORK_NAMES, files, strict=True):
        parts = {f"{name}.xml": file.model, f"{name}.bin": file.weights}
        for part, content in parts.items():
            (whole.folder / part).write_bytes(content)
        named[name] = NetworkFiles(files={part: digest_of(raw) for part, raw in parts.items()})
    (whole.folder / "first.onnx").write_bytes(b"a twin")
    twin = NetworkFiles(files={"first.onnx": digest_of(b"a twin")})
    card = whole.card.model_copy(update={"networks": named, "twins": {"first": twin}})
    assert card.digest == card.model_copy(update={"twins": {}}).digest  # it decides no result
    card.write(whole.folder / CARD)
    return StoredModel(whole.folder, card)


def test_the_file_says_what_the_model_says_and_has_no_other_weights(
    model: StoredModel, tmp_path: Path
) -> None:
    path = tmp_path / "small.starlung"
    pack(model, path)
    parts = [name for networks in model.card.networks.values() for name in networks.files]
    sizes = {name: (model.folder / name).stat().st_size for name in parts}
    assert path.stat().st_size < sizes["first.bin"] + sizes["outline.bin"]  # shared layers once
    alone = find_model(str(path))
    assert alone.folder != model.folder
    assert model.card.twins and not alone.card.twins
    wanted, got = (ready_networks(m, device="cpu") for m in (model, alone))
    np.testing.assert_array_equal(wanted.first(IMAGE)[0], got.first(IMAGE)[0])
    features = [n.refinement.classifier_features(*CROPS, EXTENTS) for n in (wanted, got)]
    np.testing.assert_array_equal(*features)
    logits = [
        n.refinement.classifier.apply(np.stack([f] * 4), seed=3)
        for n, f in zip((wanted, got), features, strict=True)
    ]
    np.testing.assert_allclose(*logits, atol=2e-2)  # its layers are kept in 16 bits
    assert (alone.folder / WEIGHTS).stat().st_size < model.weights.stat().st_size
    with pytest.raises(ForeignNetworkError, match="ready to run and nothing else"):
        load_networks(alone)


def test_files_that_are_no_model_or_were_changed_are_refused(
    model: StoredModel, tmp_path: Path
) -> None:
    path = tmp_path / "small.starlung"
    path.write_bytes(b"PK but no archive")
    with pytest.raises(ModelFileError, match="not a model's file"):
        find_model(str(path))
    pack(model, path)
    with zipfile.ZipFile(path) as outer:
        parts, made = io.BytesIO(outer.read("parts.zip")), io.BytesIO()
    with zipfile.ZipFile(parts) as whole, zipfile.ZipFile(made, "w") as other:
        for item in whole.infolist():
            content = whole.read(item)
            changed = content[:-1] + bytes([content[-1] ^ 1])
            other.writestr(item.filename, changed if item.filename == "first.bin" else content)
    with zipfile.ZipFile(tmp_path / "b.starlung", "w") as outer:
        outer.writestr("parts.zip", made.getvalue())
    with pytest.raises(ModelDamagedError, match=r"first\.bin"):
        find_model(str(tmp_path / "b.starlung"))
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 255
    (tmp_path / "c.starlung").write_bytes(raw)
    with pytest.raises(ModelFileError, match="not a model's file"):
        find_model(str(tmp_path / "c.starlung"))
    plain = StoredModel(model.folder, model.card.model_copy(update={"networks": {}}))
    with pytest.raises(ModelFileError, match="no network file for first"):
        pack(plain, path)
