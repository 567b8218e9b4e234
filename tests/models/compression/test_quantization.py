from __future__ import annotations

import pytest
import torch
from torch import nn

from models.compression.quantization import (
    QuantizedConv3d,
    quantize_between,
    quantize_convolutions,
    quantize_weight,
)

X = torch.randn(2, 4, 6, 6, 6, generator=torch.Generator().manual_seed(0))


def convolution() -> nn.Conv3d:
    torch.manual_seed(1)
    return nn.Conv3d(4, 8, kernel_size=3, padding=1)


def error(bits: int) -> float:
    exact = convolution()
    rounded = QuantizedConv3d(convolution(), bits=bits).train()
    return float((rounded(X) - exact(X)).detach().abs().mean() / exact(X).detach().abs().mean())


def test_more_bits_err_less() -> None:
    assert 0.03 < error(4) < 0.5
    assert error(8) < error(4) / 8
    assert error(16) < error(8) / 50


def test_eight_bits_have_at_most_256_values_and_weights_255_a_channel() -> None:
    inside = quantize_between(X, torch.tensor(-1.0), torch.tensor(2.0), bits=8)
    assert len(inside.unique()) <= 256
    assert float(inside.min()) >= -1
    assert float(inside.max()) <= 2 + 1e-6
    weight = quantize_weight(torch.randn(3, 5, 3, 3, 3), bits=8)
    for channel in weight:
        assert len(channel.unique()) <= 255


def test_bounds_are_observed_once_and_then_learn() -> None:
    module = QuantizedConv3d(convolution()).train()
    module(X)
    assert float(module.low) == pytest.approx(float(X.min()))
    assert float(module.high) == pytest.approx(float(X.max()))
    module(10 * X).square().mean().backward()
    assert float(module.high) == pytest.approx(float(X.max()))  # clamped, not moved by the batch
    assert float(module.high.grad) != 0
    assert module.weight.grad is not None


def test_what_is_named_stays_in_full_precision() -> None:
    network = nn.ModuleDict(
        {"body": nn.Sequential(convolution()), "heads": nn.ModuleDict({"heat": convolution()})}
    )
    quantize_convolutions(network, except_for=("heads.heat",))
    assert isinstance(network["body"][0], QuantizedConv3d)
    assert not isinstance(network["heads"]["heat"], QuantizedConv3d)


def test_bits_that_no_hardware_has_are_refused() -> None:
    with pytest.raises(ValueError, match="bits"):
        QuantizedConv3d(convolution(), bits=7)
