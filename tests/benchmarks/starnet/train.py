"""Train one variant on four folds and read the fifth; ``many`` does so for all of them.

``python -m tests.benchmarks.starnet.train`` FACTS TOKENS TOKENIZER OUT SEED FOLD VARIANT, where
FACTS is what ``medical.training.malignancy.facts`` wrote. It goes on where it was cut off.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import torch

from medical.training.malignancy.cache import TokenCache
from medical.training.malignancy.facts import read_facts
from medical.training.malignancy.fit import Lessons
from medical.training.malignancy.nodules import patient_folds
from models.starnet.config import StarNetConfig
from models.starnet.network import Reading, StarNet
from models.starnet.tokenizer import Tokenizer
from tests.benchmarks.starnet.variants import TEACHER, variants
from tests.benchmarks.starnet.words import conditions

_SEEDS_APART = 100


def main(
    facts: str, tokens: str, tokenizer: str, out: str, seed: str, fold: str, variant: str
) -> None:
    """Train and read."""
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    folder = folder_of(Path(out), int(seed), int(fold))
    folder.mkdir(parents=True, exist_ok=True)
    nodules = read_facts(Path(facts))
    fold_of = patient_folds([nodule.patient for nodule in nodules])
    lessons = Lessons(
        nodules=nodules,
        tokens=TokenCache.load(Path(tokens)),
        rows=np.flatnonzero(fold_of != int(fold)),
        tokenizer=Tokenizer(Path(tokenizer).read_bytes()),
        seed=22 + int(fold) + _SEEDS_APART * int(seed),
    )
    runs, known = folder / "runs" / variant, variants()
    if variant in known.from_nothing:
        network = known.from_nothing[variant](lessons, runs)
    else:
        teacher = load_network(folder / f"{TEACHER}.pt")
        network = known.from_teacher[variant](lessons, runs, teacher)
    stored = {"config": network.config.to_dict(), "state": network.state_dict()}
    torch.save(stored, folder / f"{variant}.pt")
    held, words = np.flatnonzero(fold_of == int(fold)), conditions(nodules)
    readings = read_all(network, lessons, held, words, every=variant in known.from_teacher)
    half = folder / f"{variant}.half.npz"
    np.savez_compressed(half, **readings)
    half.replace(folder / f"{variant}.npz")  # it is there whole or not at all
    logging.info(f"seed {seed}, fold {fold}: {variant} is done")


def folder_of(out: Path, seed: int, fold: int) -> Path:
    """Return where a fold's readings and weights lie."""
    return out / f"seed{seed}" / f"fold{fold}"


def load_network(path: Path) -> StarNet:
    """Load a StarNet that ``main`` stored, in evaluation mode."""
    stored = torch.load(path, weights_only=True)
    network = StarNet(StarNetConfig.from_dict(stored["config"]))
    network.load_state_dict({name: value.float() for name, value in stored["state"].items()})
    return network.eval().requires_grad_(False)


@torch.no_grad()
def read_all(
    network: StarNet,
    lessons: Lessons,
    held: np.ndarray,
    words: dict[str, list[str]],
    *,
    every: bool,
) -> dict[str, np.ndarray]:
    """Risk, expected error, weight of the text and so on of each held-out nodule, by condition."""
    read: dict[str, np.ndarray] = {"rows": held}
    for condition in words if every else ("own", "none"):
        read[condition] = _read(network, lessons, held, words[condition], view=0)
        if every and condition in ("own", "none"):
            outlined = _read(network, lessons, held, words[condition], view=1)
            read[f"{condition} by second stage"] = outlined
    read["image hidden"] = _read(network, lessons, held, words["own"], view=0, seen=False)
    return read


def _read(
    network: StarNet,
    lessons: Lessons,
    held: np.ndarray,
    texts: list[str],
    *,
    view: int,
    seen: bool = True,
) -> np.ndarray:
    image = lessons.tokens.pick(held, np.full(len(held), view))
    text = lessons.tokenizer.batch([texts[row] for row in held], most=network.config.max_tokens)
    reading: Reading = network(image, text, seen=torch.full((len(held),), seen))
    weight = reading.gated.weights[:, -1]
    risk, trust = torch.sigmoid(reading.logit), torch.sigmoid(reading.gated.trust)
    asked = (reading.asked[:, 0], reading.asked[:, 1])
    return torch.stack([risk, reading.expected_error, weight, trust, *asked]).numpy()


if __name__ == "__main__":
    main(*sys.argv[1:])
