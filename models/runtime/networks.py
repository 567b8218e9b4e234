"""The one interface behind which networks run, whatever runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from models.runtime.dropout import DropoutLayers

Run = Callable[..., list[np.ndarray]]
"""Takes a network's inputs as float32 arrays in order and returns its outputs in order."""

FirstStageNetwork = Callable[[np.ndarray], np.ndarray]
"""``[1, 1, z, y, x]`` to ``[1, 6, z/4, y/4, x/4]``, see ``models.detector.contract``."""

Crop = Float32[np.ndarray, "n 1 32 32 32"]
Extents = Float32[np.ndarray, " n"]


class Embedded(NamedTuple):
    """What the outline's convolutions say of ``n`` candidates."""

    features: Float32[np.ndarray, "n f"]
    mask_logits: Float32[np.ndarray, "n 1 32 32 32"]  # on the near crop's grid


@dataclass(frozen=True, slots=True)
class Backend:
    """What runs the networks, for results and for ``starlung doctor``.

    Args:
        name: such as ``OpenVINO``.
        version: of it.
        device: such as ``CPU``.
        precision: of the first stage's arithmetic: ``f32``, ``bf16`` or ``int8``.
    """

    name: str
    version: str
    device: str
    precision: str


@dataclass(frozen=True, slots=True)
class RefinementNetworks:
    """The refinement stage: convolutions once a candidate, dropout layers once a sample.

    Whether a candidate is worth an outline is known from the classifier's features alone. Both
    convolutions take near and context crop, normalised, and the near crop's edge in millimetres.

    Args:
        classifier_features: features ``[n, f]`` of the classifier.
        outlining: features and mask of the outline.
        classifier: its dropout layers; the first output is the logit.
        outline: its dropout layers; the second output is ln(diameter), then come density logits.
    """

    classifier_features: Callable[[Crop, Crop, Extents], Float32[np.ndarray, "n f"]]
    outlining: Callable[[Crop, Crop, Extents], Embedded]
    classifier: DropoutLayers
    outline: DropoutLayers


def _as_it_comes(shape: tuple[int, ...]) -> None:
    """Compile nothing beforehand."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Both stages, ready to run, and what runs them; compiled when first used.

    ``first`` gives one map, see ``FirstStageNetwork``; an imported RetinaNet gives its heads' maps.
    ``compile_first`` compiles it for a shape of its input before that comes.
    """

    first: Run
    refinement: RefinementNetworks
    backend: Backend
    compile_first: Callable[[tuple[int, ...]], None] = _as_it_comes


def refinement_of(
    classifier: Run, outline: Run, layers: tuple[DropoutLayers, DropoutLayers]
) -> RefinementNetworks:
    """Make a refinement stage of two networks that take near crop, context crop and extent.

    Args:
        classifier: returns features.
        outline: returns features and mask logits.
        layers: dropout layers of the classifier and of the outline.
    """
    return RefinementNetworks(
        lambda near, context, near_mm: classifier(near, context, near_mm)[0],
        lambda near, context, near_mm: Embedded(*outline(near, context, near_mm)),
        *layers,
    )
