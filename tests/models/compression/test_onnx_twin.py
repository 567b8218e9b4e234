"""The ONNX twins in eight bits say what the networks say that they are written from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.compression.onnx_afterwards import export_detector_qdq, export_refiner_qdq
from models.compression.onnx_twin import export_qdq
from models.compression.quantization import quantize_convolutions
from models.detector.detector import Detector, DetectorConfig
from models.detector.refiner import RefinerConfig
from models.runtime.conversion import convert_detector
from models.runtime.openvino_cpu import OpenVinoNetwork
from tests.models.compression.test_learned_bounds import ALIKE, image, pair

__all__ = ["pair"]
pytestmark = pytest.mark.heavy


def test_openvino_reads_it_and_says_the_same_at_any_size(pair: tuple[Detector, Detector]) -> None:
    pytest.importorskip("onnx", reason="needs the extra 'train'")
    plain, student = pair
    file = export_qdq(student, plain)
    assert len(file.model) < 0.45 * len(convert_detector(plain).weights)
    network = OpenVinoNetwork(file)
    for part in (image(64, 64, 64, seed=5), image(64, 80, 96, seed=6)):
        with torch.no_grad():
            wanted, exact = (net(part)[0, 0].numpy() for net in (student, plain))
        (got,) = network(part.numpy())
        assert np.corrcoef(got[0, 0].ravel(), wanted.ravel())[0, 1] > ALIKE
        assert np.abs(got[0, 0] - exact).max() > 0  # it is rounded


def test_onnx_runtime_says_what_openvino_says(pair: tuple[Detector, Detector]) -> None:
    pytest.importorskip("onnx", reason="needs the extra 'train'")
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra 'train'")
    plain, student = pair
    file = export_qdq(student, plain)
    session = runtime.InferenceSession(file.model, providers=["CPUExecutionProvider"])
    part = image(64, 80, 96, seed=6).numpy()
    (got,) = session.run(None, {"image": part})
    (wanted,) = OpenVinoNetwork(file)(part)
    assert got.shape == wanted.shape
    assert np.corrcoef(got[0, 0].ravel(), wanted[0, 0].ravel())[0, 1] > ALIKE
    assert np.abs(got - wanted).mean() < 0.05 * wanted.std()


def test_a_first_stage_rounded_afterwards_says_the_same_in_either_runtime(
    pair: tuple[Detector, Detector],
) -> None:
    pytest.importorskip("onnx", reason="needs the extra 'train'")
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra 'train'")
    plain, _ = pair
    windows = [(image(64, 64, 64, seed=seed).numpy(),) for seed in range(3)]
    file = export_detector_qdq(plain, windows)
    assert len(file.model) < 0.45 * len(convert_detector(plain).weights)
    session = runtime.InferenceSession(file.model, providers=["CPUExecutionProvider"])
    for part in (image(64, 64, 64, seed=5), image(64, 80, 96, seed=6)):
        with torch.no_grad():
            exact = plain(part).numpy()
        (got,) = session.run(None, {"image": part.numpy()})
        (other,) = OpenVinoNetwork(file)(part.numpy())
        for value, alike in ((exact, 0.98), (other, ALIKE)):
            assert np.corrcoef(got[0, 0].ravel(), value[0, 0].ravel())[0, 1] > alike
        assert np.abs(got - exact).max() > 0  # it is rounded
    with pytest.raises(ValueError, match="inputs"):
        export_detector_qdq(plain, [])


def test_the_second_stage_says_the_same_in_either_runtime() -> None:
    pytest.importorskip("onnx", reason="needs the extra 'train'")
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra 'train'")
    torch.manual_seed(4)
    refiner = RefinerConfig(widths=(8, 8, 16), hidden=16).build().eval()
    draw = np.random.default_rng(0)

    def crops(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        near, context = draw.normal(-0.4, 0.4, (2, count, 1, 32, 32, 32)).astype(np.float32)
        return near, context, np.full(count, 30, np.float32)

    files = export_refiner_qdq(refiner, [crops(1) for _ in range(4)])
    seen = crops(3)
    tensors = [torch.from_numpy(part) for part in seen]
    with torch.no_grad():
        exact = (refiner.classifier_features(*tensors), refiner.embed(*tensors).mask_logits)
    names = ("near", "context", "near_mm")
    for file, wanted in zip(files, exact, strict=True):
        session = runtime.InferenceSession(file.model, providers=["CPUExecutionProvider"])
        got = session.run(None, dict(zip(names, seen, strict=True)))[-1]
        other = OpenVinoNetwork(file)(*seen)[-1]
        for value in (wanted.numpy(), other):
            assert np.corrcoef(got.ravel(), value.ravel())[0, 1] > ALIKE
        assert np.abs(got - wanted.numpy()).max() > 0  # it is rounded
    with pytest.raises(ValueError, match="inputs"):
        export_refiner_qdq(refiner, [])


def test_a_convolution_that_is_not_in_the_graph_is_named() -> None:
    pytest.importorskip("onnx", reason="needs the extra 'train'")
    config = DetectorConfig(widths=(16, 16, 24, 24), channels=16)
    student = config.build()
    quantize_convolutions(student)
    with pytest.raises(ValueError, match=r"0\.heads\.heat"):
        export_qdq(torch.nn.Sequential(student), config.build())
