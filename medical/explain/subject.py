"""What is explained: one finding of one torch detector, as two numbers that depend on the image.

Any detector can be explained by a small subclass of ``Subject``; ``shipped_detector`` is ours.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

from torch import Tensor, nn

from models.detector.peaks import Candidates

Target = Literal["class", "box"]
TARGETS: tuple[Target, ...] = ("class", "box")


def column(target: Target) -> int:
    """Where a target stands in what a subject returns.

    Raises:
        ValueError: there is no such target.
    """
    if target not in TARGETS:
        raise ValueError(f"target must be one of {', '.join(TARGETS)}, got {target!r}")
    return TARGETS.index(target)


class Subject(nn.Module, ABC):
    """One finding of a detector.

    ``forward`` takes ``[b, 1, z, y, x]`` normalised (see ``models.detector.normalise``) and
    returns ``[b, 2]``: the logit of the finding's class and its ln(diameter / mm). Both must be
    differentiable in the image and in the weights.
    """

    @property
    @abstractmethod
    def cam_layer(self) -> str:
        """Name of the submodule whose output ``[b, c, z', y', x']`` Grad-CAM++ weighs."""

    @property
    def gate_layer(self) -> str | None:
        """Name of a submodule that returns an attention gate's logits; ``None`` without one."""
        return None

    @abstractmethod
    def candidates(self, x: Tensor) -> Candidates:
        """All that the detector finds in ``[b, 1, z, y, x]``, for D-RISE."""

    @abstractmethod
    def stages(self) -> tuple[tuple[str, tuple[nn.Module, ...]], ...]:
        """Its parts by name from the output down to the input, for randomising weights."""

    def score(self, x: Tensor, target: Target) -> Tensor:
        """One number an image: ``[b]``."""
        both: Tensor = self(x)
        return both[:, column(target)]
