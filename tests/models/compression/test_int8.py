"""Eight bits by NNCF say nearly what 32 say, in a quarter of the bytes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.compression.int8 import quantize_to_int8
from models.detector.detector import DetectorConfig
from models.runtime.conversion import convert_detector
from models.runtime.openvino_cpu import OpenVinoNetwork

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
