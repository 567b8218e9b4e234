"""The ONNX twin in eight bits says what the network said that was taught rounded."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.compression.onnx_twin import export_qdq
from models.compression.quantization import quantize_convolutions
from models.detector.detector import Detector, DetectorConfig
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


def test_a_convolution_that_is_not_in_the_graph_is_named() -> None:
    pytest.importorskip("onnx", reason="needs the extra 'train'")
    config = DetectorConfig(widths=(16, 16, 24, 24), channels=16)
    student = config.build()
    quantize_convolutions(student)
    with pytest.raises(ValueError, match=r"0\.heads\.heat"):
        export_qdq(torch.nn.Sequential(student), config.build())
