"""A first stage that was taught rounded, as ONNX in eight bits: what other runtimes read.

Each rounded convolution gets QuantizeLinear and DequantizeLinear (QDQ) on its input, between the
bounds that it learned, and weights stored as INT8 with a step for each output channel. Batch norms
are folded into weights by the exporter; the grid of a channel is scaled with it, so what was taught
is kept. Grids are those of ``learned_bounds``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import numpy as np
from jaxtyping import Float32
from torch import nn

from models.compression.learned_bounds import LEVELS, rounded_weight, zero_on_grid
from models.compression.onnx_export import export_first_stage
from models.compression.quantization import QuantizedConv3d
from models.runtime.openvino_cpu import NetworkFile


def export_qdq(student: nn.Module, plain: nn.Module) -> NetworkFile:
    """Write a network as ONNX in eight bits, all sizes of its image free.

    Args:
        student: with ``QuantizedConv3d`` in it, taught: its bounds are known.
        plain: the same weights without the rounding, in evaluation mode, on the CPU.

    Raises:
        ValueError: a rounded convolution is not in the exported graph under its name.
    """
    import onnx  # only who makes networks has it

    model = onnx.load_from_string(export_first_stage(plain))
    bounds = {
        name: (float(module.low.detach()), float(module.high.detach()))
        for name, module in student.named_modules()
        if isinstance(module, QuantizedConv3d)
    }
    graph = model.graph
    stored = {item.name: item for item in graph.initializer}
    nodes, made, done = [], {}, set()
    for node in graph.node:
        name = _module_of(node.name)
        if node.op_type == "Conv" and name in bounds:
            low, high = bounds[name]
            weight = onnx.numpy_helper.to_array(stored[node.input[1]])
            parts = {**_input_grid(low, high), **_weight_grid(weight)}
            made.update({f"qdq.{name}.{part}": value for part, value in parts.items()})
            nodes += _rounded(onnx.helper.make_node, node, name)
            done.add(name)
        nodes.append(node)
    if missing := bounds.keys() - done:
        raise ValueError(f"not in the exported graph: {', '.join(sorted(missing))}")
    used = {entry for node in nodes for entry in node.input}
    initializers = [item for item in graph.initializer if item.name in used]
    initializers += [onnx.numpy_helper.from_array(value, name) for name, value in made.items()]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(initializers)
    onnx.checker.check_model(model)
    return NetworkFile(cast(bytes, model.SerializeToString()))


def _module_of(node: str) -> str:
    """Return the module of ``/a/b/b.0/conv/Conv``: ``a.b.0.conv``, as sequences repeat."""
    parts = [*node.strip("/").split("/")[:-1], ""]
    own = [part for part, after in pairwise(parts) if not after.startswith(f"{part}.")]
    return ".".join(own)


def _input_grid(low: float, high: float) -> dict[str, np.ndarray]:
    low, high = zero_on_grid(low, high)
    step = (high - low) / (LEVELS - 1)
    return {
        "step": np.asarray(step, np.float32),
        "zero": np.asarray(round(-low / step), np.uint8),
    }


def _weight_grid(weight: Float32[np.ndarray, "outputs ..."]) -> dict[str, np.ndarray]:
    coded, step = rounded_weight(weight)
    return {
        "weight8": coded,
        "weight_step": step.ravel(),
        "weight_zero": np.zeros(len(step), np.int8),
    }


def _rounded(make, node, name: str) -> list:  # type: ignore[no-untyped-def,type-arg]
    """Nodes before a convolution, which then reads what they write."""
    grid = [f"qdq.{name}.step", f"qdq.{name}.zero"]
    coded, again, weight = f"qdq.{name}.coded", f"qdq.{name}.rounded", f"qdq.{name}.weight"
    before = [
        make("QuantizeLinear", [node.input[0], *grid], [coded]),
        make("DequantizeLinear", [coded, *grid], [again]),
        make(
            "DequantizeLinear",
            [f"qdq.{name}.weight8", f"qdq.{name}.weight_step", f"qdq.{name}.weight_zero"],
            [weight],
            axis=0,
        ),
    ]
    node.input[0], node.input[1] = again, weight
    return before
