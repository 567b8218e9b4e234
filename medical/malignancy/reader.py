"""Findings and what is written about them to the rating that radiologists would give.

The image is read without torch. Torch is loaded when there are words to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from jaxtyping import Bool, Float32
from scipy.special import expit

from medical.malignancy.interval import interval
from medical.malignancy.view import as_arrays, view_of
from models.detector.contract import CROP
from models.zoo.starnet_card import SHIPPED_STARNET, StarNetCard, read_card
from models.zoo.starnets import starnet_of

if TYPE_CHECKING:
    from models.runtime.openvino_cpu import OneByOne
    from models.zoo.starnet import LoadedStarNet


@dataclass(frozen=True, slots=True)
class RiskReading:
    """What StarNet says of one finding.

    Args:
        risk: 0 where radiologists would rate 1 (highly unlikely malignant), 1 where they would
            rate 5 (highly suspicious); taught on ratings, not on pathology.
        ci95: of the readers' mean rating on that scale.
        image_weight: share of the image in it.
        text_weight: share of the text; 0 where there is none.
    """

    risk: float
    ci95: tuple[float, float]
    image_weight: float
    text_weight: float


class NoduleTokens(NamedTuple):
    """What StarNet has seen of ``n`` findings; with it words can be read without the CT.

    In the order and of the shapes of ``models.starnet.image_tokens.ImageTokens``.
    """

    fine: Float32[np.ndarray, "n 64 c"]
    coarse: Float32[np.ndarray, "n 8 c"]
    shells: Float32[np.ndarray, "n 4 c"]
    measures: Float32[np.ndarray, "n m"]

    def only(self, index: int) -> NoduleTokens:
        """Return those of one finding."""
        return NoduleTokens(*(part[index : index + 1] for part in self))


class MalignancyReader:
    """Reads findings; make it once a process. Not to be used by two threads at once.

    Args:
        folder: with weights, tokenizer and card.

    Raises:
        StarNetDamagedError: a file is missing or another one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.card = folder, read_card(folder)

    @classmethod
    def shipped(cls) -> Self:
        """Take the one that comes with the program."""
        return cls(SHIPPED_STARNET)

    def make_ready(self) -> None:
        """Load and compile what reads images, so that the first finding need not wait.

        Not where it must be converted first, by torch: a CT without findings does without.
        """
        from models.zoo.starnet_ready import is_converted

        if not is_converted(self.card):
            return
        crop = np.zeros((CROP,) * 3, np.float32)
        middle = np.zeros(crop.shape, bool)
        middle[(CROP // 2,) * 3] = True
        self._image_network(*as_arrays([view_of(crop, middle, extent_mm=float(CROP))]))

    def read_images(
        self,
        crops: Float32[np.ndarray, "n 32 32 32"],
        masks: Sequence[Bool[np.ndarray, "32 32 32"]],
        extents_mm: Float32[np.ndarray, " n"],
    ) -> tuple[list[RiskReading], NoduleTokens]:
        """Read findings of one examination by their images, at least one.

        Args:
            crops: the second stage's near crops, normalised.
            masks: outlines on them.
            extents_mm: edges of the crops.

        Returns:
            What is said of each without words, and what was seen, for ``read_words``.
        """
        views = [
            view_of(crop, mask, extent_mm=float(extent))
            for crop, mask, extent in zip(crops, masks, extents_mm, strict=True)
        ]
        arrays = as_arrays(views)
        logits, errors, *tokens = self._image_network(*arrays)
        readings = [
            _reading(self.card, logit, error, text_weight=0.0, with_text=False)
            for logit, error in zip(logits, errors, strict=True)
        ]
        return readings, NoduleTokens(tokens[0], tokens[1], tokens[2], arrays[2])

    def read_words(self, tokens: NoduleTokens, texts: Sequence[str]) -> list[RiskReading]:
        """Read findings by image and words; loads torch.

        Args:
            tokens: what ``read_images`` saw.
            texts: what is written of each finding; empty where nothing is.
        """
        import torch

        from models.starnet.image_tokens import ImageTokens

        network, _, tokenizer, _ = self._loaded
        words = tokenizer.batch(texts, most=network.config.max_tokens)
        with torch.no_grad():
            reading = network(ImageTokens(*map(torch.from_numpy, tokens)), words)
        columns = (
            reading.logit,
            reading.expected_error,
            reading.gated.weights[:, -1],
            words.present.any(1),
        )
        return [
            _reading(self.card, logit, error, text_weight=float(weight), with_text=bool(has_text))
            for logit, error, weight, has_text in zip(
                *(column.numpy() for column in columns), strict=True
            )
        ]

    @cached_property
    def _image_network(self) -> OneByOne:
        from models.zoo.starnet_ready import image_network

        return image_network(self.card, self._folder)

    @cached_property
    def _loaded(self) -> LoadedStarNet:
        from models.zoo.starnet import load_starnet

        return load_starnet(self._folder)


def reader_at_hand(digest: str | None, imported: Path) -> MalignancyReader | None:
    """Return the StarNet of an identity, opened once a process; ``None`` where it is not at hand.

    Args:
        digest: of its card.
        imported: folder of the user's own models.
    """
    folder = starnet_of(digest, imported=imported)
    return None if folder is None else _reader_in(folder)


@cache
def _reader_in(folder: Path) -> MalignancyReader:
    return MalignancyReader(folder)


def _reading(
    card: StarNetCard, logit: float, error: float, *, text_weight: float, with_text: bool
) -> RiskReading:
    risk = float(expit(logit))
    quantile = card.quantile_with_text if with_text else card.quantile_without_text
    return RiskReading(
        risk=risk,
        ci95=interval(risk, float(error), quantile),
        image_weight=1 - text_weight,
        text_weight=text_weight,
    )
