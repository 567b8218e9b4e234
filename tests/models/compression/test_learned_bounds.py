"""Eight bits between learned bounds say what the network said that was taught rounded."""

from __future__ import annotations

import copy
import lzma

import numpy as np
import pytest
import torch
from torch import nn

from medical.training.compress import IN_FULL_PRECISION
from models.compression.learned_bounds import (
    quantize_between_learned_bounds,
    rounded_weight,
    zero_on_grid,
)
from models.compression.quantization import QuantizedConv3d, quantize_convolutions
from models.detector.detector import Detector, DetectorConfig
from models.runtime.conversion import convert_detector
from models.runtime.openvino_cpu import NetworkFile, OpenVinoNetwork, openvino

ALIKE = 0.995  # correlation of the heat; 0.986 where products saturate


def image(*edges: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(1, 1, *edges, generator=torch.Generator().manual_seed(seed)) * 0.5


@pytest.fixture(scope="module")
def pair() -> tuple[Detector, Detector]:
    """A network, and the same with rounding whose bounds fit what it reads and hold zero.

    Batch norms are settled first: bounds that are found while they move may be fifty times as wide
    as what comes later, and five of 256 values then carry everything.
    """
    torch.manual_seed(2)
    config = DetectorConfig(widths=(16, 16, 24, 24), channels=16, local_attention=True)
    plain = config.build()
    for module in plain.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.momentum = None  # the mean of all batches
    for seed in range(4):
        plain.train()(image(64, 64, 64, seed=seed))
    student = copy.deepcopy(plain.eval())
    quantize_convolutions(student, except_for=IN_FULL_PRECISION)
    student.eval()
    for module in student.modules():
        if isinstance(module, QuantizedConv3d):
            module.train()
    with torch.no_grad():
        student(image(64, 64, 64, seed=9))
        for module in student.modules():
            if isinstance(module, QuantizedConv3d):
                low, high = zero_on_grid(float(module.low), float(module.high))
                module.low.fill_(low)
                module.high.fill_(high)
    return plain, student.eval()


@pytest.fixture(scope="module")
def files(pair: tuple[Detector, Detector]) -> tuple[NetworkFile, NetworkFile]:
    plain = convert_detector(pair[0])
    return plain, quantize_between_learned_bounds(plain, pair[1])


@pytest.mark.heavy
@pytest.mark.parametrize("edges", [(64, 64, 64), (64, 80, 96)])
def test_openvino_says_what_was_taught_at_any_size(
    pair: tuple[Detector, Detector],
    files: tuple[NetworkFile, NetworkFile],
    edges: tuple[int, int, int],
) -> None:
    unseen = image(*edges, seed=5)
    with torch.no_grad():
        wanted, exact = (net(unseen)[0, 0].numpy() for net in (pair[1], pair[0]))
    (got,) = OpenVinoNetwork(files[1])(unseen.numpy())
    assert np.corrcoef(got[0, 0].ravel(), wanted.ravel())[0, 1] > ALIKE
    assert np.abs(got[0, 0] - exact).max() > 0  # it is rounded


@pytest.mark.heavy
def test_weights_take_a_byte_and_the_maps_are_not_stacked(
    files: tuple[NetworkFile, NetworkFile],
) -> None:
    plain, small = files
    assert len(small.weights) < 0.3 * len(plain.weights)
    model = openvino.Core().read_model(small.model, small.weights)
    assert not [op for op in model.get_ordered_ops() if op.get_type_name() == "ReduceSum"]


@pytest.mark.heavy
def test_another_network_is_refused(
    pair: tuple[Detector, Detector], files: tuple[NetworkFile, NetworkFile]
) -> None:
    other = copy.deepcopy(pair[1])
    other.heads.shared.conv.weight.data.normal_()  # type: ignore[operator, union-attr]
    with pytest.raises(ValueError, match=r"not in the network: heads\.shared\.conv"):
        quantize_between_learned_bounds(files[0], other)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (-0.013, 0.37), (0.2, 1.0), (-2.0, -1.0)])
def test_zero_is_a_value_of_the_grid(low: float, high: float) -> None:
    new_low, new_high = zero_on_grid(low, high)
    step = (new_high - new_low) / 255
    assert new_low <= 0 <= new_high
    assert -new_low / step == pytest.approx(round(-new_low / step), abs=1e-6)
    assert abs(new_low - min(low, 0)) <= step / 2 + 1e-9
    assert abs(new_high - max(high, 0)) <= step / 2 + 1e-9


def test_each_channel_has_its_own_step() -> None:
    weight = np.array([[1.0, -0.5], [0.01, 0.002], [0.0, 0.0]], np.float32)
    coded, step = rounded_weight(weight)
    assert coded.tolist() == [[127, -64], [106, 21], [0, 0]]
    np.testing.assert_allclose(step.ravel()[:2] * 127, [1.0, 0.012], rtol=1e-6)


def test_four_bits_are_fifteen_values_in_bytes() -> None:
    weight = np.array([[1.0, -0.6], [0.01, 0.002]], np.float32)
    coded, step = rounded_weight(weight, bits=4)
    assert coded.tolist() == [[7, -4], [7, 1]] and coded.dtype == np.int8
    np.testing.assert_allclose(step.ravel() * 7, [1.0, 0.01], rtol=1e-6)


@pytest.mark.heavy
def test_a_convolution_of_four_bits_packs_into_half_and_the_others_stay(
    pair: tuple[Detector, Detector], files: tuple[NetworkFile, NetworkFile]
) -> None:
    name = "encoder.stage16.0.body.1.conv"
    mixed = quantize_between_learned_bounds(files[0], pair[1], four_bits=[name])
    count = pair[0].get_parameter(f"{name}.weight").numel()
    saved = len(lzma.compress(files[1].weights)) - len(lzma.compress(mixed.weights))
    assert 0.35 * count < saved < 0.6 * count
    assert len(mixed.weights) == len(files[1].weights)
    unseen = image(64, 64, 64, seed=5).numpy()
    wanted, got = (OpenVinoNetwork(file)(unseen)[0][0, 0] for file in (files[1], mixed))
    assert 0.9 < np.corrcoef(wanted.ravel(), got.ravel())[0, 1] < 1


def test_no_two_products_that_are_added_in_sixteen_bits_overflow() -> None:
    weight = np.random.default_rng(0).normal(size=(64, 7, 3, 3, 3)).astype(np.float32)
    weight[:32] = np.abs(weight[:32])  # of one sign: the worst
    coded, step = rounded_weight(weight)
    np.testing.assert_allclose(coded * step, weight, atol=float(step.max()) / 2 + 1e-6)
    whole = np.concatenate([coded, np.zeros_like(coded[:, :1])], 1).astype(int)
    pairs = np.clip(whole, 0, None)[:, 0::2] + np.clip(whole, 0, None)[:, 1::2]
    below = np.clip(-whole, 0, None)[:, 0::2] + np.clip(-whole, 0, None)[:, 1::2]
    assert 255 * max(pairs.max(), below.max()) < 2**15
    assert np.abs(coded).reshape(64, -1).max(1).min() > 48  # no finer step would do
