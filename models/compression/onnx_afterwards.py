"""Networks as ONNX in eight bits (QDQ), bounds found on real inputs after training.

By ONNX Runtime's own quantiser, for stages that were not taught rounded. Weights keep seven bits,
so that no two products overflow where a processor adds them in 16 bits (``learned_bounds``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn

from models.compression.int8 import Inputs
from models.compression.onnx_export import IMAGE, export_first_stage, export_onnx
from models.detector.contract import CROP
from models.detector.refiner import Refiner
from models.runtime.conversion import ClassifierFeatures, Outlining
from models.runtime.openvino_cpu import NetworkFile

_CROPS = ("near", "context", "near_mm")


def export_detector_qdq(detector: nn.Module, calibration: Sequence[Inputs]) -> NetworkFile:
    """Write a first stage as ONNX in eight bits, all sizes of its image free.

    Args:
        detector: on the CPU, in evaluation mode.
        calibration: real windows, some tens, of one shape; not those that it is measured on.

    Raises:
        ValueError: there are no windows to calibrate with.
    """
    _refuse_none(calibration)
    return _quantized(export_first_stage(detector), (IMAGE,), calibration)


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
    _refuse_none(calibration)
    cube = torch.zeros(2, 1, CROP, CROP, CROP)
    parts = (
        (ClassifierFeatures(refiner), ("features",)),
        (Outlining(refiner), ("features", "mask")),
    )
    files = []
    for part, outputs in parts:
        free = {name: {0: "n"} for name in (*_CROPS, *outputs)}
        inputs = (cube, cube, torch.ones(2))
        whole = export_onnx(part, inputs, (_CROPS, outputs), free)
        files.append(_quantized(whole, _CROPS, calibration))
    classifier, outline = files
    return classifier, outline


def _refuse_none(calibration: Sequence[Inputs]) -> None:
    if not calibration:
        raise ValueError("eight bits need inputs to find the bounds of activations by")


def _quantized(
    exported: bytes, names: tuple[str, ...], calibration: Sequence[Inputs]
) -> NetworkFile:
    from onnxruntime import quantization  # only who makes networks has it

    with TemporaryDirectory(prefix="starlung-") as folder:
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        whole.write_bytes(exported)
        quantization.quantize_static(
            str(whole),
            str(small),
            _reader(names, calibration),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        return NetworkFile(small.read_bytes())


def _reader(names: tuple[str, ...], calibration: Sequence[Inputs]):  # type: ignore[no-untyped-def]
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rows: Iterator[Inputs] = iter(calibration)

        def get_next(self) -> dict[str, np.ndarray] | None:
            row = next(self.rows, None)
            return None if row is None else dict(zip(names, row, strict=True))

    return Reader()
