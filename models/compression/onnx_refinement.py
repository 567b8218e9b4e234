"""A refinement stage as ONNX in eight bits (QDQ), bounds found on real crops after training.

By ONNX Runtime's own quantiser, as the stage was not taught rounded. Weights keep seven bits, so
that no two products overflow where a processor adds them in 16 bits (``learned_bounds``).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn

from models.compression.int8 import Inputs
from models.detector.contract import CROP
from models.detector.refiner import Refiner
from models.runtime.conversion import ClassifierFeatures, Outlining
from models.runtime.openvino_cpu import NetworkFile

_OPSET = 17
_INPUTS = ("near", "context", "near_mm")


def export_refiner_qdq(
    refiner: Refiner, calibration: Sequence[Inputs]
) -> tuple[NetworkFile, NetworkFile]:
    """Write classifier and outline as ONNX in eight bits, any number of crops.

    Args:
        refiner: on the CPU, in evaluation mode.
        calibration: real crops, some tens; not those that the network is measured on.

    Raises:
        ValueError: there are no crops to calibrate with.
    """
    if not calibration:
        raise ValueError("eight bits need inputs to find the bounds of activations by")
    parts = (
        (ClassifierFeatures(refiner), ("features",)),
        (Outlining(refiner), ("features", "mask")),
    )
    classifier, outline = (_quantized(part.eval(), names, calibration) for part, names in parts)
    return classifier, outline


def _quantized(
    module: nn.Module, outputs: tuple[str, ...], calibration: Sequence[Inputs]
) -> NetworkFile:
    from onnxruntime import quantization  # only who makes networks has it

    with TemporaryDirectory(prefix="starlung-") as folder:
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        whole.write_bytes(_exported(module, outputs))
        quantization.quantize_static(
            str(whole),
            str(small),
            _reader(calibration),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        return NetworkFile(small.read_bytes())


def _exported(module: nn.Module, outputs: tuple[str, ...]) -> bytes:
    cube = torch.zeros(2, 1, CROP, CROP, CROP)
    written = io.BytesIO()
    torch.onnx.export(
        module,
        (cube, cube, torch.ones(2)),
        written,  # type: ignore[arg-type]
        dynamo=False,
        opset_version=_OPSET,
        input_names=list(_INPUTS),
        output_names=list(outputs),
        dynamic_axes={name: {0: "n"} for name in (*_INPUTS, *outputs)},
    )
    return written.getvalue()


def _reader(calibration: Sequence[Inputs]):  # type: ignore[no-untyped-def]
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rows: Iterator[Inputs] = iter(calibration)

        def get_next(self) -> dict[str, np.ndarray] | None:
            row = next(self.rows, None)
            return None if row is None else dict(zip(_INPUTS, row, strict=True))

    return Reader()
