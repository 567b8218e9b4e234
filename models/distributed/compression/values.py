"""How values travel: FP32, FP16 with one scale a row, or INT8 with one scale a block.

INT8 rounds stochastically (up with the probability of the fraction), so its mean is the value
itself: QSGD, arXiv 1610.02132. Scales are absolute maxima of short blocks, so that one large value
costs precision only near itself. All sizes follow from the number of values: receivers need no
header. Each bucket goes as INT8 or FP16, by the error that INT8 was measured to make in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import IntEnum

import torch
from torch import Tensor
from torch.nn import functional

BLOCK = 256  # values that share a scale in INT8: 1.6 % more bytes
_SCALE_BYTES = 4
_LEVELS = 127
_HALF_TOP = 2.0**14  # of 65504: sums of a few rows stay finite
_TRY_STEPS = 16  # steps between trials of INT8 in a bucket that travels in FP16
NOT_TRIED = -1.0
ERROR_BOUND = 0.05  # relative error up to which INT8 is taken, on the worst node


class Format(IntEnum):
    """Formats from the shortest to the most exact."""

    INT8 = 1
    FP16 = 2
    FP32 = 3


def encoded_bytes(count: int, form: Format) -> int:
    """Bytes of one row of ``count`` values."""
    if form is Format.INT8:
        return count + _SCALE_BYTES * math.ceil(count / BLOCK)
    if form is Format.FP16:
        return 2 * count + _SCALE_BYTES
    return 4 * count


def encode(values: Tensor, form: Format, *, generator: torch.Generator | None = None) -> Tensor:
    """Write rows of values as bytes; what is not finite is not finite again when read.

    Args:
        values: ``[rows, count]`` floats.
        form: of the result.
        generator: of the stochastic rounding of INT8.

    Returns:
        ``[rows, encoded_bytes(count, form)]`` uint8.
    """
    rows, count = values.shape
    values = values.float()
    if form is Format.FP32:
        return values.contiguous().view(torch.uint8)
    if form is Format.FP16:
        scale = _power_of_two(values.abs().amax(1, keepdim=True))
        halves = (values * scale).half()
        return torch.cat([scale.view(torch.uint8), halves.view(torch.uint8)], 1)
    blocks = functional.pad(values, (0, -count % BLOCK)).view(rows, -1, BLOCK)
    scale = blocks.abs().amax(2) / _LEVELS
    steps = blocks / torch.where(scale > 0, scale, 1.0)[..., None]
    chance = torch.rand(steps.shape, generator=generator, device=values.device)
    # rounding in float32 may push the largest value of a block one level too far
    whole = (steps + chance).floor_().clamp_(-_LEVELS, _LEVELS).nan_to_num_(0.0).to(torch.int8)
    whole = whole.view(rows, -1)[:, :count].contiguous()
    return torch.cat([scale.contiguous().view(torch.uint8), whole.view(torch.uint8)], 1)


def decode(data: Tensor, count: int, form: Format) -> Tensor:
    """Read rows of bytes that ``encode`` wrote.

    Args:
        data: ``[rows, encoded_bytes(count, form)]`` uint8.
        count: values a row.
        form: given to ``encode``.

    Returns:
        ``[rows, count]`` float32.

    Raises:
        ValueError: the bytes do not belong to so many values.
    """
    if data.shape[1] != encoded_bytes(count, form):
        raise ValueError(
            f"{count} values in {form.name} need {encoded_bytes(count, form)} bytes a row, "
            f"got {data.shape[1]}"
        )
    if form is Format.FP32:
        return _floats(data, torch.float32)
    if form is Format.FP16:
        scale = _floats(data[:, :_SCALE_BYTES], torch.float32)
        return _floats(data[:, _SCALE_BYTES:], torch.float16).float() / scale
    blocks = math.ceil(count / BLOCK)
    scale = _floats(data[:, : blocks * _SCALE_BYTES], torch.float32)
    whole = data[:, blocks * _SCALE_BYTES :].view(torch.int8).float()
    padded = functional.pad(whole, (0, -count % BLOCK)).view(len(data), blocks, BLOCK)
    return (padded * scale[..., None]).view(len(data), -1)[:, :count]


def relative_error(values: Tensor, read: Tensor) -> float:
    """``|values - read| / |values|`` in the Euclidean norm; 0 where all values are 0."""
    size = float(values.float().norm())
    return float((values - read).float().norm()) / size if size > 0 else 0.0


def _floats(data: Tensor, kind: torch.dtype) -> Tensor:
    """Read bytes as numbers; the copy is aligned, which a slice of rows need not be."""
    return (
        data.clone(memory_format=torch.contiguous_format).flatten().view(kind).view(len(data), -1)
    )


def _power_of_two(largest: Tensor) -> Tensor:
    """Scale that brings the largest value near the top of FP16 without rounding anything."""
    usable = torch.isfinite(largest) & (largest > 2.0**-100)
    exponent = torch.log2(_HALF_TOP / torch.where(usable, largest, 1.0)).floor()
    return torch.where(usable, torch.exp2(exponent), 1.0)


class Precision:
    """Formats of buckets; the same on all leaders, since all hear the same errors."""

    def __init__(self) -> None:
        self._forms: dict[int, Format] = {}

    def of(self, index: int) -> Format:
        """Format of a bucket now; FP16 until INT8 was tried."""
        return self._forms.get(index, Format.FP16)

    def set(self, index: int, form: Format) -> None:
        """Take over what another node knows."""
        self._forms[index] = form

    def try_out(self, values: Tensor, step: int, *, generator: torch.Generator | None) -> float:
        """Relative error of INT8 on ``[n]`` values; ``NOT_TRIED`` at most steps."""
        if step % _TRY_STEPS:
            return NOT_TRIED
        row = values[None]
        read = decode(encode(row, Format.INT8, generator=generator), len(values), Format.INT8)
        return relative_error(row, read)

    def hear(self, index: int, errors: Tensor) -> None:
        """Choose for the next step by the errors of all nodes."""
        worst = float(errors.max())
        if float(errors.min()) >= 0:
            self._forms[index] = Format.INT8 if worst <= ERROR_BOUND else Format.FP16

    def state_dict(self) -> dict[str, int]:
        """Return formats by bucket."""
        return {str(index): int(form) for index, form in self._forms.items()}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Take the place of what was chosen."""
        self._forms = {int(index): Format(form) for index, form in state.items()}
