"""Eight-bit networks by NNCF: what OpenVINO runs with the vector units' integer instructions.

Weights are rounded to a symmetric grid of each output channel; where activations are rounded, and
between which bounds, is measured on real CTs. The result is a network file like any other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Float32

from models.runtime.openvino_cpu import NetworkFile, openvino

_CHANNELS = 2  # axes of a weight: channels out, channels in
Inputs = tuple[Float32[np.ndarray, "..."], ...]
"""What a network takes at once, in the order of its inputs."""


def quantize_to_int8(
    network: NetworkFile, calibration: Iterable[Inputs], *, exact_ends: bool = False
) -> NetworkFile:
    """Round a network's convolutions and matrices to eight bits.

    Args:
        network: in 32 bits.
        calibration: real inputs, some tens; not those that the network is measured on.
        exact_ends: leave convolutions from and to a single channel, an image or a mask, in 32 bits,
            and let the bounds of activations be the widest seen, not their mean: for networks that
            say one thing of a whole crop, which one clipped voxel may turn.

    Raises:
        ValueError: there are no inputs to calibrate with.
    """
    import nncf  # takes seconds, and only who makes networks has it

    nncf.set_log_level(logging.ERROR)
    inputs = list(calibration)
    if not inputs:
        raise ValueError("eight bits need inputs to find the bounds of activations by")
    model = openvino.Core().read_model(network.model, network.weights)
    names = [port.get_any_name() for port in model.inputs]
    table = nncf.Dataset(inputs, lambda row: dict(zip(names, row, strict=True)))
    small = nncf.quantize(
        model,
        table,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(inputs),
        fast_bias_correction=False,  # the fast one leaves twice the error: docs/benchmarks/folds.md
        **(_exact_ends(model) if exact_ends else {}),
    )
    with TemporaryDirectory(prefix="starlung-") as folder:
        path = Path(folder) / "network.xml"
        openvino.save_model(small, path, compress_to_fp16=False)
        return NetworkFile.read(path)


def _exact_ends(model: openvino.Model) -> dict[str, object]:
    """Make the settings of NNCF for ``exact_ends``."""
    import nncf
    from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    ends = [
        node.get_friendly_name()
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Convolution"
        and 1 in list(node.input_value(1).get_shape())[:_CHANNELS]
    ]
    return {
        "ignored_scope": nncf.IgnoredScope(names=ends),
        "advanced_parameters": AdvancedQuantizationParameters(
            activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX
        ),
    }
