"""Monte-Carlo dropout layers of the refinement stage, all samples in one batch.

They are three small matrices: not worth a compiled network, and their dropout must be the same on
every machine. The masks are those that torch's CPU generator draws for the same seed, so that
intervals are what they were when torch ran these layers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32

_BITS = 53  # of a draw that count, as a double holds


class DropoutMasks:
    """A stream of dropout masks.

    Args:
        seed: the same seed gives the same masks.
    """

    def __init__(self, seed: int) -> None:
        self._generator = np.random.RandomState(seed)  # as torch: a Mersenne twister

    def drop(self, x: Float32[np.ndarray, ...], share: float) -> Float32[np.ndarray, ...]:
        """Set a share of the values to 0 and scale the others so that the mean stays."""
        return np.asarray(x * self.draw(x.size, share).reshape(x.shape))

    def draw(self, count: int, share: float) -> Float32[np.ndarray, " count"]:
        """Draw what so many values are multiplied with."""
        words = self._generator.randint(0, 1 << 32, 2 * count, np.uint32)
        high, low = words.reshape(-1, 2).T.astype(np.uint64)
        draws = ((high << np.uint64(32)) | low) & np.uint64((1 << _BITS) - 1)
        keep = (draws.astype(np.float64) * 2.0**-_BITS < 1 - share).astype(np.float32)
        keep /= np.float32(1 - share)
        return keep


@lru_cache(maxsize=2)
def _masks(seed: int, counts: tuple[int, ...], share: float) -> list[Float32[np.ndarray, " count"]]:
    """Draw one mask after the other; those drawn last are kept, as candidates are read twice."""
    stream = DropoutMasks(seed)
    return [stream.draw(count, share) for count in counts]


@dataclass(frozen=True, slots=True, eq=False)
class DropoutLayers:
    """Dropout, layer, ReLU, dropout, layer, ReLU, dropout, layer.

    Args:
        weights: ``[out, in]`` of each layer.
        biases: ``[out]`` of each.
        share: of values dropped.
    """

    weights: tuple[Float32[np.ndarray, "out in"], ...]
    biases: tuple[Float32[np.ndarray, " out"], ...]
    share: float

    @classmethod
    def of_state(
        cls, state: Mapping[str, np.ndarray], prefix: str, *, share: float
    ) -> DropoutLayers:
        """Take the layers out of stored weights.

        Args:
            state: weights by name.
            prefix: of the names of these layers.
            share: of values dropped.

        Raises:
            KeyError: a layer is not there.
        """
        names = ("hidden1", "hidden2", "out")
        weights = tuple(state[f"{prefix}{name}.weight"].astype(np.float32) for name in names)
        biases = tuple(state[f"{prefix}{name}.bias"].astype(np.float32) for name in names)
        return cls(weights, biases, share)

    def apply(
        self, features: Float32[np.ndarray, "samples n f"], *, seed: int
    ) -> Float32[np.ndarray, "samples n out"]:
        """Run all samples.

        Args:
            features: a row a sample and candidate.
            seed: of the dropout.
        """
        rows, x = math.prod(features.shape[:-1]), features
        masks = _masks(seed, tuple(rows * weight.shape[1] for weight in self.weights), self.share)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = (np.maximum(x, 0) if layer else x) * masks[layer].reshape(x.shape)
            x = (x.reshape(-1, x.shape[-1]) @ weight.T + bias).reshape(*x.shape[:-1], -1)
        return x


def layers_of_refiner(
    state: Mapping[str, np.ndarray], *, share: float, own_classifier: bool, prefix: str = ""
) -> tuple[DropoutLayers, DropoutLayers]:
    """Dropout layers of a refiner's classifier and of its outline.

    Args:
        state: the refiner's weights by name.
        share: of values dropped.
        own_classifier: whether the classifier has a trunk of its own.
        prefix: of the refiner's names.
    """
    outline = DropoutLayers.of_state(state, prefix, share=share)
    if not own_classifier:
        return outline, outline
    return DropoutLayers.of_state(state, f"{prefix}own.", share=share), outline
