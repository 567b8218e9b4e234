"""One set of weights in 4, 8 and 16 bits, chosen by the input."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from models.compression.dynamic import AnyPrecision, AnyPrecisionConv3d, DynamicQuantizer
from models.compression.quantization import BITS
from models.detector.detector import DetectorConfig


def even_and_varied() -> Tensor:
    """Two inputs: nearly even, and with strong blobs."""
    torch.manual_seed(0)
    even, varied = 0.02 * torch.randn(2, 1, 1, 64, 64, 64)
    varied[..., 20:30, 20:30, 20:30] += 1.5
    return torch.stack([even, varied])[:, 0]


def test_what_varies_more_gets_more_bits_and_shares_are_kept() -> None:
    quantizer = DynamicQuantizer()
    values = torch.arange(100.0)
    quantizer.calibrate(values, narrow=0.3, wide=0.1)
    x = even_and_varied()
    assert quantizer.statistic(x)[0] < quantizer.statistic(x)[1]
    quantizer.calibrate(quantizer.statistic(x), narrow=0.5, wide=0.0)
    assert quantizer.bits(x) == [4, 8]
    quantizer.calibrate(quantizer.statistic(x), narrow=0.0, wide=0.5)
    assert quantizer.bits(x) == [8, 16]
    with pytest.raises(ValueError, match="cannot be"):
        quantizer.calibrate(values, narrow=0.8, wide=0.3)


def small() -> AnyPrecision:
    torch.manual_seed(1)
    config = DetectorConfig(widths=(8, 8, 8, 8), channels=8, local_attention=True)
    return AnyPrecision(config.build(), DynamicQuantizer(), except_for=("heads.heat",))


def test_more_bits_err_less_and_each_input_runs_as_if_alone() -> None:
    model, x = small(), even_and_varied()
    plain = DetectorConfig(widths=(8, 8, 8, 8), channels=8, local_attention=True).build()
    model.train()
    for bits in BITS:  # each width sees a batch, for its bounds
        model.set_bits(bits)
        model.network(x)
    model.eval()
    own = {n: w for n, w in model.network.state_dict().items() if n in plain.state_dict()}
    plain.load_state_dict(own)
    plain.eval()
    with torch.no_grad():
        wanted, errors = plain(x), []
        for bits in BITS:
            model.set_bits(bits)
            errors.append(float((model.network(x) - wanted).abs().mean()))
        assert errors[0] > 5 * errors[1] > 25 * errors[2] > 0
        model.quantizer.calibrate(model.quantizer.statistic(x), narrow=0.5, wide=0.0)
        both = model(x)
        model.set_bits(4)
        assert torch.equal(both[:1], model.network(x[:1]))
        model.set_bits(8)
        assert torch.equal(both[1:], model.network(x[1:]))


def test_only_widths_that_are_taught_are_drawn() -> None:
    config = DetectorConfig(widths=(8, 8, 8, 8), channels=8, local_attention=True)
    model = AnyPrecision(config.build(), DynamicQuantizer(), taught=(8, 16)).train()
    layer = next(m for m in model.network.modules() if isinstance(m, AnyPrecisionConv3d))
    drawn = set()
    for _ in range(16):
        model(torch.zeros(1, 1, 64, 64, 64))
        drawn.add(layer.bits)
    assert drawn == {8, 16} and layer.observed.tolist() == [False, True, True]


def test_weights_learn_in_every_width_and_bounds_apart() -> None:
    model = small().train()
    layer = next(m for m in model.network.modules() if isinstance(m, AnyPrecisionConv3d))
    assert isinstance(model.network.get_submodule("heads.heat"), nn.Conv3d)
    assert not isinstance(model.network.get_submodule("heads.heat"), AnyPrecisionConv3d)
    for bits in BITS:
        model.zero_grad()
        model.set_bits(bits)
        model.network(even_and_varied()).square().mean().backward()
        assert layer.weight.grad is not None and layer.weight.grad.abs().sum() > 0
        assert layer.high.grad is not None
        at = BITS.index(bits)
        others = [i for i in range(len(BITS)) if i != at]
        assert float(layer.high.grad[others].abs().sum()) == 0
    with pytest.raises(ValueError, match="one of"):
        model.set_bits(5)
