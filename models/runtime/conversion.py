"""Torch networks to network files for OpenVINO: the one step of scoring on a CPU that needs torch.

It takes seconds, so ``models.runtime.cache`` keeps what comes out.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import torch
from torch import Tensor, nn

from models.detector.contract import CROP
from models.detector.refiner import Refiner
from models.runtime.openvino_cpu import NetworkFile, openvino

_TRACING = threading.Lock()  # torch traces one network at a time: of two, each finds parts of both


def convert(module: nn.Module, example: tuple[Tensor, ...]) -> NetworkFile:
    """Convert a network, weights as float32; every axis of its inputs stays free.

    Args:
        module: in evaluation mode.
        example: inputs to trace it with.
    """
    with _TRACING, torch.no_grad():
        model = openvino.convert_model(module.eval(), example_input=example)
    with tempfile.TemporaryDirectory(prefix="starlung-") as folder:
        path = Path(folder) / "network.xml"
        openvino.save_model(model, path, compress_to_fp16=False)
        return NetworkFile.read(path)


def convert_detector(detector: nn.Module) -> NetworkFile:
    """Convert a first stage.

    Args:
        detector: on the CPU, in evaluation mode; shapes as ``models.detector.contract`` says.
    """
    return convert(detector, (torch.zeros(1, 1, 64, 64, 64),))


def convert_refiner(refiner: Refiner) -> tuple[NetworkFile, NetworkFile]:
    """Convert the refinement stage's convolutions: classifier, outline.

    Args:
        refiner: on the CPU, in evaluation mode.
    """
    cube = torch.zeros(1, 1, CROP, CROP, CROP)
    example = (cube, cube, torch.ones(1))
    return (
        convert(ClassifierFeatures(refiner), example),
        convert(Outlining(refiner), example),
    )


class ClassifierFeatures(nn.Module):
    """The classifier's convolutions as a network of their own; arguments as of ``embed``."""

    def __init__(self, refiner: Refiner) -> None:
        super().__init__()
        self.refiner = refiner

    def forward(self, near: Tensor, context: Tensor, near_mm: Tensor) -> Tensor:
        """Features ``[n, f]``."""
        return self.refiner.classifier_features(near, context, near_mm)


class Outlining(nn.Module):
    """The outline's convolutions as a network of their own; arguments as of ``embed``."""

    def __init__(self, refiner: Refiner) -> None:
        super().__init__()
        self.refiner = refiner

    def forward(self, near: Tensor, context: Tensor, near_mm: Tensor) -> tuple[Tensor, Tensor]:
        """Features ``[n, f]`` and mask logits ``[n, 1, 32, 32, 32]``."""
        features, mask_logits = self.refiner.embed(near, context, near_mm)
        return features, mask_logits
