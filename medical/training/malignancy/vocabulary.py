"""The tokenizer is trained here: on phrases of both languages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from medical.training.malignancy.nodules import DESCRIPTORS
from medical.training.malignancy.phrases.write import Looks, Style, draw_context, write_report

REPORTS = 6000
_HIGHEST = {"calcification": 6}


def example_reports(*, count: int = REPORTS, seed: int = 1) -> Iterator[str]:
    """Write reports of made-up looks: no nodule of any collection is needed for the words."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        looks = Looks(
            ratings={n: int(rng.integers(1, _HIGHEST.get(n, 5) + 1)) for n in DESCRIPTORS},
            diameter_mm=float(rng.uniform(3, 40)),
        )
        style = Style(language="en" if number % 2 else "zh", errors=0.0)
        context = draw_context(rng) if rng.random() < 0.7 else None
        yield write_report(looks, context, style=style, rng=rng)
