"""Run the two stages on a CPU by OpenVINO: about three times faster than torch there.

OpenVINO's usage statistics are switched off before its first import: nothing leaves the machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from models.detector.refiner import CROP, Convolutions, Embedded, Refiner

# with its reporter absent OpenVINO falls back to a stub; otherwise it starts processes that send
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
import openvino as ov  # noqa: E402

if TYPE_CHECKING:
    from monai.apps.detection.networks.retinanet_network import RetinaNet

Shape = tuple[int, ...]


def compiled_detector(
    detector: nn.Module, *, window: tuple[int, int, int]
) -> Callable[[Tensor], Tensor]:
    """Compile the first stage for one window size.

    Args:
        detector: in evaluation mode.
        window: ``(z, y, x)`` voxels, multiples of 16.

    Returns:
        Takes ``[1, 1, z, y, x]`` normalised, returns the detector's output.
    """
    run = _compile(detector, [torch.zeros(1, 1, *window)], [(1, 1, *window)])
    return lambda x: torch.from_numpy(run([x.numpy()])[0])


def compiled_maps(
    network: RetinaNet, *, window: tuple[int, int, int]
) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """Compile an imported RetinaNet for one window size.

    Args:
        network: in evaluation mode.
        window: ``(x, y, z)`` voxels, multiples of 16, 16 and 8.

    Returns:
        Takes ``[1, 1, x, y, z]``, 0 to 1; returns the maps as ``HeadMaps`` does.
    """
    from models.detector.retinanet import HeadMaps

    run = _compile(HeadMaps(network), [torch.zeros(1, 1, *window)], [(1, 1, *window)])
    return lambda x: tuple(torch.from_numpy(part) for part in run([x.numpy()]))


class _ClassifierFeatures(nn.Module):
    def __init__(self, refiner: Refiner) -> None:
        super().__init__()
        self.refiner = refiner

    def forward(self, near: Tensor, context: Tensor, near_mm: Tensor) -> Tensor:
        return self.refiner.classifier_features(near, context, near_mm)


class _Outlining(nn.Module):
    def __init__(self, refiner: Refiner) -> None:
        super().__init__()
        self.refiner = refiner

    def forward(self, near: Tensor, context: Tensor, near_mm: Tensor) -> tuple[Tensor, Tensor]:
        features, mask_logits = self.refiner.embed(near, context, near_mm)
        return features, mask_logits


def compiled_convolutions(refiner: Refiner) -> Convolutions:
    """Compile the refiner's expensive parts, one candidate at a time.

    Args:
        refiner: in evaluation mode.
    """
    classifier = _one_by_one(_ClassifierFeatures(refiner))
    outline = _one_by_one(_Outlining(refiner))
    return Convolutions(
        lambda near, context, near_mm: classifier(near, context, near_mm)[0],
        lambda near, context, near_mm: Embedded(*outline(near, context, near_mm)),
    )


def _one_by_one(module: nn.Module) -> Callable[[Tensor, Tensor, Tensor], list[Tensor]]:
    """Feed near and context crops ``[n, 1, 32, 32, 32]`` and ``[n]`` millimetres one by one."""
    cube = (1, 1, CROP, CROP, CROP)
    run = _compile(
        module, [torch.zeros(cube), torch.zeros(cube), torch.ones(1)], [cube, cube, (1,)]
    )

    def each(near: Tensor, context: Tensor, near_mm: Tensor) -> list[Tensor]:
        rows = [
            run([near[i : i + 1].numpy(), context[i : i + 1].numpy(), near_mm[i : i + 1].numpy()])
            for i in range(len(near))
        ]
        return [torch.from_numpy(np.concatenate(part)) for part in zip(*rows, strict=True)]

    return each


def _compile(
    module: nn.Module, example: list[Tensor], shapes: list[Shape]
) -> Callable[[list[np.ndarray]], list[np.ndarray]]:
    with torch.no_grad():
        converted = ov.convert_model(module.eval(), example_input=tuple(example))
    converted.reshape(dict(zip(converted.inputs, shapes, strict=True)))
    settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = ov.Core().compile_model(converted, "CPU", settings)
    request = compiled.create_infer_request()

    def run(inputs: list[np.ndarray]) -> list[np.ndarray]:
        request.infer(inputs)
        return [np.array(request.get_output_tensor(i).data) for i in range(len(compiled.outputs))]

    return run
