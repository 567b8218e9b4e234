"""Cut every nodule's tokens, in several views: once, for many runs."""

from __future__ import annotations

import logging

import numpy as np

from medical.plain_text import counted
from medical.training.malignancy.cache import TokenCache
from medical.training.malignancy.nodules import Nodule
from medical.training.malignancy.views import (
    Outliner,
    Placing,
    cut_view,
    draw_placing,
    tokens_of,
)
from models.starnet.trunk import Trunk

_log = logging.getLogger(__name__)
_TELL_EVERY = 100


def make_cache(
    nodules: list[Nodule], trunk: Trunk, outline: Outliner, *, views: int, seed: int
) -> TokenCache:
    """Cut every nodule out in several views.

    Args:
        nodules: of the collection.
        trunk: makes the features.
        outline: the second stage's.
        views: of each, at least 2.
        seed: of what is varied.
    """
    rows: list[list[np.ndarray]] = []
    for number, nodule in enumerate(nodules):
        rng = np.random.default_rng((seed, number))
        placings = [Placing(), Placing(), *(draw_placing(rng) for _ in range(views - 2))]
        seen = [
            cut_view(nodule, placing, outline if turn % 2 else None)
            for turn, placing in enumerate(placings)
        ]
        rows.append([part.numpy().astype(np.float16) for part in tokens_of(trunk, seen)])
        if number % _TELL_EVERY == 0:
            _log.info(f"tokens of {number} of {counted(len(nodules), 'nodule')}")
    return TokenCache(tuple(np.stack(part) for part in zip(*rows, strict=True)))
