"""What 500 strings without meaning do to the shipped StarNet, on nodules that it has not seen.

``python -m tests.benchmarks.starnet.nonsense`` FACTS TOKENS
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from medical.training.malignancy.cache import TokenCache
from medical.training.malignancy.facts import read_facts
from medical.training.malignancy.nodules import patient_folds
from medical.training.malignancy.phrases.senseless import nonsense
from models.zoo.starnet import load_starnet
from tests.benchmarks.starnet.ship import FOLD

_STRINGS = 500


@torch.no_grad()
def main(facts: str, tokens: str) -> None:
    """Print how the text's weight and the risk respond."""
    patients = [nodule.patient for nodule in read_facts(Path(facts))]
    held = np.flatnonzero(patient_folds(patients) == FOLD)
    rows = np.random.default_rng(5).choice(held, _STRINGS)
    image = TokenCache.load(Path(tokens)).pick(rows, np.ones(_STRINGS, int))
    loaded = load_starnet()
    texts = [nonsense(np.random.default_rng((777, number))) for number in range(_STRINGS)]
    with_text, without = (
        loaded.network(image, loaded.tokenizer.batch(words, most=loaded.network.config.max_tokens))
        for words in (texts, [""] * _STRINGS)
    )
    weight, risk = with_text.gated.weights[:, -1], torch.sigmoid(with_text.logit)
    moved = (risk - torch.sigmoid(without.logit)).abs()
    print(
        f"{_STRINGS} strings: text's weight {weight.mean():.3f} in the mean, "
        f"{weight.quantile(0.95):.3f} at the 95th percentile, {weight.max():.3f} at most; "
        f"risk moved by {moved.mean():.3f} in the mean, {moved.max():.3f} at most, and lies within "
        f"{risk.min():.3f} and {risk.max():.3f}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
