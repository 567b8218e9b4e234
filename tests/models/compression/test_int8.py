"""Eight bits by NNCF say nearly what 32 say, in a quarter of the bytes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.compression.int8 import quantize_to_int8
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.runtime.conversion import convert_detector, convert_refiner
from models.runtime.openvino_cpu import OpenVinoNetwork, openvino

pytestmark = pytest.mark.heavy


def test_it_is_smaller_and_says_nearly_the_same() -> None:
    pytest.importorskip("nncf", reason="needs the extra 'train'")
    torch.manual_seed(2)
    config = DetectorConfig(widths=(16, 16, 24, 24), channels=16, local_attention=True)
    whole = convert_detector(config.build().eval())
    draw = np.random.default_rng(3)
    inputs = [(draw.normal(0, 0.5, (1, 1, 64, 64, 64)).astype(np.float32),) for _ in range(4)]
    small = quantize_to_int8(whole, inputs[:3])
    assert len(small.weights) < 0.35 * len(whole.weights)
    wanted, got = (OpenVinoNetwork(file)(*inputs[3])[0] for file in (whole, small))
    assert np.corrcoef(wanted[0, 0].ravel(), got[0, 0].ravel())[0, 1] > 0.98
    with pytest.raises(ValueError, match="inputs"):
        quantize_to_int8(whole, [])


def test_ends_stay_exact_where_asked_for() -> None:
    pytest.importorskip("nncf", reason="needs the extra 'train'")
    torch.manual_seed(2)
    whole = convert_refiner(RefinerConfig(widths=(16, 32, 32)).build().eval())[1]
    draw = np.random.default_rng(3)
    inputs = [
        (*draw.normal(0, 0.5, (2, 1, 1, 32, 32, 32)).astype(np.float32), np.array([24.0], "f4"))
        for _ in range(5)
    ]
    small = quantize_to_int8(whole, inputs[:4], exact_ends=True)
    model = openvino.Core().read_model(small.model, small.weights)
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Convolution":
            is_end = 1 in list(node.input_value(1).get_shape())[:2]
            assert (node.input_value(1).get_node().get_type_name() == "Constant") == is_end
    wanted, got = (OpenVinoNetwork(file)(*inputs[4])[1] for file in (whole, small))
    assert np.corrcoef(wanted.ravel(), got.ravel())[0, 1] > 0.98
