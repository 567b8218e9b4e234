"""INT8 or FP16 for each bucket, by the error that INT8 was measured to make in it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from models.distributed.compression.values import Format, decode, encode, relative_error

_TRY_STEPS = 16  # steps between trials of INT8 in a bucket that travels in FP16
NOT_TRIED = -1.0
ERROR_BOUND = 0.05  # relative error up to which INT8 is taken, on the worst node


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
