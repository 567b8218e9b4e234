"""What one core reaches at most in eight bits by OpenVINO: one wide convolution, nothing else."""

from __future__ import annotations

import numpy as np

from models.runtime.openvino_cpu import openvino

_CHANNELS, _EDGE, _KERNEL = 64, 16, 3


def int8_gops(settings: dict[str, object], *, runs: int = 300) -> float:
    """Return the best of several runs, 1e9 multiplications and additions a second.

    Args:
        settings: of the compilation.
        runs: how many.

    Raises:
        RuntimeError: OpenVINO does not run it in eight bits on this processor.
    """
    from openvino import opset13 as op

    shape = (1, _CHANNELS, _EDGE, _EDGE, _EDGE)
    image = op.parameter(shape, np.float32)
    ends = [np.float32(value) for value in (0.0, 2.55, 0.0, 2.55)]
    rounded = op.fake_quantize(image, *ends, levels=256)
    weight = np.random.default_rng(0).integers(
        -127, 127, (_CHANNELS, _CHANNELS, _KERNEL, _KERNEL, _KERNEL), dtype=np.int8
    )
    step = np.full((_CHANNELS, 1, 1, 1, 1), 0.01, np.float32)
    kernel = op.multiply(op.convert(op.constant(weight), np.float32), op.constant(step))
    ones, pad = [1] * 3, [1] * 3
    out = op.relu(op.convolution(rounded, kernel, ones, pad, pad, ones))
    model = openvino.Model([op.fake_quantize(out, *ends, levels=256)], [image])
    compiled = openvino.Core().compile_model(model, "CPU", {**settings, "PERF_COUNT": True})
    request = compiled.create_infer_request()
    data = np.random.default_rng(1).uniform(0, 2.5, shape).astype(np.float32)
    best = float("inf")
    for _ in range(runs):
        request.infer([data])
        rows = [row for row in request.get_profiling_info() if row.node_type == "Convolution"]
        if not any("I8" in row.exec_type for row in rows):
            raise RuntimeError("the convolution does not run in eight bits here")
        best = min(best, sum(row.real_time.total_seconds() for row in rows))
    return 2 * _CHANNELS**2 * _KERNEL**3 * _EDGE**3 / best / 1e9
