"""Findings and what is written about them to the rating that radiologists would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from jaxtyping import Bool, Float32

from medical.malignancy.interval import interval
from medical.malignancy.view import as_tensors, view_of
from models.starnet.gate import TEXT
from models.zoo.starnet import SHIPPED_STARNET, LoadedStarNet, load_starnet


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


class MalignancyReader:
    """Reads findings; make it once a process.

    Args:
        loaded: network, trunk, tokenizer and card.
    """

    def __init__(self, loaded: LoadedStarNet) -> None:
        self._loaded = loaded

    @classmethod
    def shipped(cls, folder: Path = SHIPPED_STARNET) -> Self:
        """Load the one that comes with the program, or the one of a folder.

        Raises:
            StarNetDamagedError: a file is missing or another one.
        """
        return cls(load_starnet(folder))

    @property
    def identity(self) -> tuple[str, str, str]:
        """Name, version and digest, for the record."""
        card = self._loaded.card
        return card.name, card.version, card.digest

    @torch.no_grad()
    def read(
        self,
        crops: Float32[np.ndarray, "n 32 32 32"],
        masks: Sequence[Bool[np.ndarray, "32 32 32"]],
        extents_mm: Float32[np.ndarray, " n"],
        *,
        text: str = "",
    ) -> list[RiskReading]:
        """Read findings of one examination.

        Args:
            crops: the second stage's near crops, normalised.
            masks: outlines on them.
            extents_mm: edges of the crops.
            text: report, request and context; the same for all.
        """
        if len(crops) == 0:
            return []
        network, trunk, tokenizer, card = self._loaded
        views = [
            view_of(crop, mask, extent_mm=float(extent))
            for crop, mask, extent in zip(crops, masks, extents_mm, strict=True)
        ]
        tokens = trunk(*as_tensors(views))
        words = tokenizer.batch([text] * len(views), most=network.config.max_tokens)
        reading = network(tokens, words)
        has_text = bool(words.present.any())
        quantile = card.quantile_with_text if has_text else card.quantile_without_text
        risks, text_weights = torch.sigmoid(reading.logit), reading.gated.weights[:, TEXT]
        return [
            RiskReading(
                risk=float(risk),
                ci95=interval(float(risk), float(expected_error), quantile),
                image_weight=1 - float(weight),
                text_weight=float(weight),
            )
            for risk, expected_error, weight in zip(
                risks, reading.expected_error, text_weights, strict=True
            )
        ]
