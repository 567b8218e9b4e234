"""Eight bits between the bounds that a network learned while it was taught rounded.

NNCF finds bounds from some windows after training; a network that was taught between its own bounds
loses less with these. Zero must lie on the grid, as a convolution's padding is zero: bounds are
moved by less than half a step for it, and widened to zero where they lie beyond.

Without VNNI a processor adds two products of an unsigned and a signed byte in 16 bits, which
saturate. Where neighbouring weights are so large that they could, their channel's step is widened
until they cannot: the same file then says the same on every processor.

Source:
    Intel SDM, PMADDUBSW (saturation); oneDNN, "Nuances of int8 computations".
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from jaxtyping import Float32
from torch import nn

from models.compression.quantization import QuantizedConv3d
from models.runtime.openvino_cpu import NetworkFile, openvino

LEVELS = 256
_PAIR = 127  # with rounding 128 at most; times 255 that is just below 2 ** 15
_ALIKE = 0.999  # cosine of a channel's weights, before and after a batch norm was folded in


def quantize_between_learned_bounds(
    plain: NetworkFile, student: nn.Module, *, four_bits: Collection[str] = ()
) -> NetworkFile:
    """Round a converted network as it was taught.

    Args:
        plain: the student's weights without the rounding, by `models.runtime.conversion.convert`.
        student: with ``QuantizedConv3d`` in it, taught: its bounds are known.
        four_bits: names of convolutions whose weights take 15 values only. They stay bytes, as the
            processor multiplies bytes, but pack into half of them (`models.zoo.single_file`).

    Raises:
        ValueError: a rounded convolution is not in the network.
    """
    from openvino import opset13 as op

    model = openvino.Core().read_model(plain.model, plain.weights)
    _sum_without_stack(model)
    taught = {
        name: module
        for name, module in student.named_modules()
        if isinstance(module, QuantizedConv3d)
    }
    bounds = {
        name: (float(module.low.detach()), float(module.high.detach()))
        for name, module in taught.items()
    }
    convolutions = _matched(model, taught)
    shared = _by_source(convolutions, bounds)
    rounded: dict[tuple[str, int], Any] = {}
    for name in bounds:
        node = convolutions[name]
        source = node.input_value(0)
        key = _key(source)
        if key not in rounded:
            ends = [np.float32(end) for end in zero_on_grid(*shared[key])]
            rounded[key] = op.fake_quantize(source, *ends, *ends, levels=LEVELS)
        bits = 4 if name in four_bits else 8
        coded, step = rounded_weight(_stored(node), bits=bits)
        kernel = op.multiply(op.convert(op.constant(coded), np.float32), op.constant(step))
        node.input(0).replace_source_output(rounded[key].output(0))
        node.input(1).replace_source_output(kernel.output(0))
    with TemporaryDirectory(prefix="starlung-") as folder:
        path = Path(folder) / "network.xml"
        openvino.save_model(model, path, compress_to_fp16=False)
        return NetworkFile.read(path)


def zero_on_grid(low: float, high: float) -> tuple[float, float]:
    """Move bounds so that zero is one of 256 evenly spaced values."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = max(high - low, 1e-9) / (LEVELS - 1)
    below = round(-low / step)
    return -below * step, (LEVELS - 1 - below) * step


def rounded_weight(
    weight: Float32[np.ndarray, "outputs inputs ..."], *, bits: int = 8
) -> tuple[np.ndarray, Float32[np.ndarray, "outputs ..."]]:
    """Return whole numbers of a byte or of fewer bits, and the step of each output channel.

    No two neighbouring inputs' weights of one sign add up to more than ``_PAIR``: such a channel
    gets a wider step.
    """
    shape = (-1, *(1,) * (weight.ndim - 1))
    largest = np.abs(weight).reshape(len(weight), -1).max(1)
    pair = np.maximum(_pairs(np.maximum(weight, 0)), _pairs(np.maximum(-weight, 0)))
    most = 2 ** (bits - 1) - 1
    widest = np.maximum(np.maximum(largest / most, pair / _PAIR), 1e-14)
    step = widest.astype(np.float32).reshape(shape)
    return np.clip(np.rint(weight / step), -most, most).astype(np.int8), step


def _pairs(weight: Float32[np.ndarray, "outputs inputs ..."]) -> Float32[np.ndarray, " outputs"]:
    """Return each output's largest sum of two inputs that the processor adds at once."""
    even = weight[:, 0::2]
    odd = np.zeros_like(even)
    odd[:, : weight[:, 1::2].shape[1]] = weight[:, 1::2]
    return np.asarray((even + odd).reshape(len(weight), -1).max(1), np.float32)


def _matched(model: Any, taught: dict[str, QuantizedConv3d]) -> dict[str, Any]:
    """Find each taught convolution by its weights: conversion keeps no names.

    A batch norm that was folded in has scaled each channel, and may have turned its sign.
    """
    left = [node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution"]
    matched = {}
    for name, module in taught.items():
        weight = module.weight.detach().cpu().float().numpy()
        node = next((node for node in left if _are_scaled(_stored(node), weight)), None)
        if node is None:
            raise ValueError(f"not in the network: {name}")
        left.remove(node)
        matched[name] = node
    return matched


def _sum_without_stack(model: Any) -> None:
    """Write the pyramid's sum of a stack as additions: stacking moves every map once more."""
    from openvino import opset13 as op

    for node in model.get_ordered_ops():
        if node.get_type_name() != "ReduceSum":
            continue
        stack = node.input_value(0).get_node()
        parts = [stack.input_value(i).get_node() for i in range(stack.get_input_size())]
        if stack.get_type_name() != "Concat" or any(
            part.get_type_name() != "Unsqueeze" for part in parts
        ):
            continue
        total = parts[0].input_value(0)
        for part in parts[1:]:
            total = op.add(total, part.input_value(0)).output(0)
        for reader in node.output(0).get_target_inputs():
            reader.replace_source_output(total)


def _stored(node: Any) -> Float32[np.ndarray, "outputs ..."]:
    weight = node.input_value(1).get_node()
    return np.array(weight.data if weight.get_type_name() == "Constant" else [], np.float32)


def _are_scaled(folded: np.ndarray, weight: np.ndarray) -> bool:
    if folded.shape != weight.shape:
        return False
    a, b = (part.reshape(len(part), -1).astype(np.float64) for part in (folded, weight))
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosine = np.abs((a * b).sum(1)) / np.maximum(lengths, 1e-30)
    return bool(((cosine > _ALIKE) | (lengths < 1e-20)).all())


def _key(source: Any) -> tuple[str, int]:
    return source.get_node().get_friendly_name(), source.get_index()


def _by_source(
    convolutions: dict[str, Any], bounds: dict[str, tuple[float, float]]
) -> dict[tuple[str, int], tuple[float, float]]:
    """Join the bounds of convolutions that read one map, so that it is rounded once."""
    joined: dict[tuple[str, int], tuple[float, float]] = {}
    for name, node in convolutions.items():
        low, high = bounds[name]
        key = _key(node.input_value(0))
        other = joined.get(key, (low, high))
        joined[key] = min(low, other[0]), max(high, other[1])
    return joined
