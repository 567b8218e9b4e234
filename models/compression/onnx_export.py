"""A network as ONNX in 32 bits: what the eight-bit twins are written from."""

from __future__ import annotations

import io

import torch
from torch import nn

IMAGE, MAPS = "image", "maps"
_OPSET = 17
_EDGE = 64


def export_first_stage(detector: nn.Module) -> bytes:
    """Write a first stage, on the CPU, all sizes of its image free."""
    image = (torch.zeros(1, 1, _EDGE, _EDGE, _EDGE),)
    free = {IMAGE: {0: "n", 2: "z", 3: "y", 4: "x"}}
    return export_onnx(detector, image, ((IMAGE,), (MAPS,)), free)


def export_onnx(
    module: nn.Module,
    inputs: tuple[torch.Tensor, ...],
    names: tuple[tuple[str, ...], tuple[str, ...]],
    free: dict[str, dict[int, str]],
) -> bytes:
    """Write a network in evaluation mode.

    Args:
        module: on the CPU.
        inputs: one of each, of a shape that may come.
        names: of its inputs and of its outputs.
        free: axes of any size, by input or output.
    """
    written = io.BytesIO()
    torch.onnx.export(
        module.eval(),
        inputs,
        written,  # type: ignore[arg-type]
        dynamo=False,
        opset_version=_OPSET,
        input_names=list(names[0]),
        output_names=list(names[1]),
        dynamic_axes=free,
    )
    return written.getvalue()
