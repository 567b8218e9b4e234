"""Run both stages by torch: on a GPU, the first in bfloat16, or on any device in float32."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.detector.refiner import Refiner
from models.runtime.captured import CapturedCall, fold_batch_norms
from models.runtime.dropout import layers_of_refiner
from models.runtime.networks import Backend, Networks, Run, refinement_of

_CROPS_AT_ONCE = (4, 16, 64)
"""Batches of candidates on a GPU, filled up: each new size would be planned for, some 12 ms."""
_MOST_CROPS = _CROPS_AT_ONCE[-1]
Call = Callable[..., Tensor | tuple[Tensor, ...]]


def torch_networks(
    detector: nn.Module, refiner: Refiner, *, device: torch.device, half: bool | None = None
) -> Networks:
    """Run networks on a device.

    Args:
        detector: the first stage, float32, in evaluation mode; it is copied.
        refiner: the second, likewise.
        device: where they run.
        half: whether the first stage runs in bfloat16; on a GPU it does if it is not said.
    """
    half = device.type == "cuda" if half is None else half
    layout: dict[str, Any] = {"memory_format": torch.channels_last_3d} if half else {}
    first = copy.deepcopy(detector).to(device).requires_grad_(False)
    fold_batch_norms(first)
    first = first.to(**layout) if half else first
    second = copy.deepcopy(refiner).to(device, **layout).requires_grad_(False)
    layers = layers_of_refiner(
        {name: value.float().cpu().numpy() for name, value in refiner.state_dict().items()},
        share=refiner.dropout,
        own_classifier=refiner.own is not None,
    )
    sizes = _CROPS_AT_ONCE if device.type == "cuda" else ()
    return Networks(
        _first_stage(first, device, half=half),
        refinement_of(
            _in_parts(_on(filled_up(second.classifier_features, sizes), device, half=False)),
            _in_parts(_on(filled_up(second.embed, sizes), device, half=False)),
            layers,
        ),
        backend_of(device, half=half),
    )


def backend_of(device: torch.device, *, half: bool = True) -> Backend:
    """Name what runs the networks on a device.

    Args:
        device: of torch.
        half: whether the first stage runs in bfloat16.
    """
    is_gpu = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if is_gpu else device.type.upper()
    return Backend("torch", torch.__version__.split("+")[0], name, "bf16" if half else "f32")


def _first_stage(network: nn.Module, device: torch.device, *, half: bool) -> Run:
    """Run the first stage; on a GPU its passes are captured."""

    def compute(x: Tensor) -> tuple[Tensor, ...]:
        # no cache of cast weights: a graph must not point into one that is gone
        with torch.autocast(device.type, torch.bfloat16, enabled=half, cache_enabled=False):
            output: Tensor | tuple[Tensor, ...] = network(x)
        parts = output if isinstance(output, tuple) else (output,)
        return tuple(part.float() for part in parts)

    return _on(CapturedCall(compute) if device.type == "cuda" else compute, device, half=False)


def _on(call: Call, device: torch.device, *, half: bool) -> Run:
    """Make a function of arrays of one of tensors on a device."""

    @torch.inference_mode()
    def run(*inputs: np.ndarray) -> list[np.ndarray]:
        tensors = [torch.from_numpy(np.ascontiguousarray(x, np.float32)).to(device) for x in inputs]
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            outputs = call(*tensors)
        parts = outputs if isinstance(outputs, tuple) else (outputs,)
        return [part.float().cpu().numpy() for part in parts]

    return run


def filled_up(call: Call, sizes: Sequence[int]) -> Call:
    """Let only so many shapes come to a call: rows of zeros are added, and cut off what it makes.

    Args:
        call: takes tensors of a row a candidate.
        sizes: ascending; rows are filled up to the next of them. More rows, or without sizes all,
            stay as many as they are.
    """

    def run(*inputs: Tensor) -> tuple[Tensor, ...]:
        count = len(inputs[0])
        size = next((size for size in sizes if size >= count), count)
        outputs = call(*(_with_zeros(rows, size - count) for rows in inputs))
        parts = outputs if isinstance(outputs, tuple) else (outputs,)
        return tuple(part[:count] for part in parts)

    return run


def _with_zeros(rows: Tensor, more: int) -> Tensor:
    return torch.cat([rows, rows.new_zeros(more, *rows.shape[1:])]) if more else rows


def _in_parts(run: Run) -> Run:
    """Feed some candidates at a time: memory is bounded."""

    def parts(*inputs: np.ndarray) -> list[np.ndarray]:
        pieces = [
            run(*(array[at : at + _MOST_CROPS] for array in inputs))
            for at in range(0, len(inputs[0]), _MOST_CROPS)
        ]
        return [np.concatenate(part) for part in zip(*pieces, strict=True)]

    return parts
