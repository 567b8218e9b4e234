"""Operations, milliseconds and parameters of StarNet beside the usual design, a nodule at a time.

``python -m tests.benchmarks.starnet.cost`` with FACTS TOKENS TOKENIZER OUT of ``many`` writes
``cost.json`` from the folds' networks and held-out nodules. Operations are counted by torch's
FlopCounterMode (a multiplication and an addition are two); times are medians of one thread, side by
side.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from medical.training.malignancy.cache import TokenCache
from medical.training.malignancy.facts import read_facts
from medical.training.malignancy.nodules import FOLDS, patient_folds
from models.starnet.network import StarNet
from models.starnet.tokenizer import Tokenizer
from tests.benchmarks.starnet.train import folder_of, load_network
from tests.benchmarks.starnet.variants import OURS, TEACHER
from tests.benchmarks.starnet.words import conditions

COST = Path(__file__).with_name("cost.json")
_NODULES = 12  # of each fold
_ATTENTION = ("image_asks", "text_asks")


@torch.no_grad()
def main(facts: str, tokens: str, tokenizer: str, out: str) -> None:
    """Count and time."""
    torch.set_num_threads(1)
    nodules = read_facts(Path(facts))
    folds = patient_folds([nodule.patient for nodule in nodules])
    cache, texts = TokenCache.load(Path(tokens)), conditions(nodules)["own"]
    tokenizer = Tokenizer(Path(tokenizer).read_bytes())
    figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    folders = [folder_of(Path(out), 0, fold) for fold in range(FOLDS)]
    for fold, folder in enumerate(folders):
        starnet = load_network(folder / f"{OURS}.pt")
        standard = load_network(folder / f"{TEACHER}.pt")
        networks = {
            "standard": standard,
            "every token asks, low rank": StarNet(replace(starnet.config, dynamic=False)).eval(),
            "chosen queries, full rank": _full_rank(starnet),
            "starnet": starnet,
        }
        for name, network in networks.items():
            figures[name]["parameters"].append(sum(p.numel() for p in network.parameters()))
        for row in np.flatnonzero(folds == fold)[:_NODULES]:
            image = cache.pick(np.array([row]), np.array([1]))
            text = tokenizer.batch([texts[row]], most=starnet.config.max_tokens)
            for name, network in networks.items():
                _one(network, image, text, figures[name])
    means = {
        name: {key: float(np.mean(values)) for key, values in of.items()}
        for name, of in figures.items()
    }
    ranks = [dict(load_network(folder / f"{OURS}.pt").config.ranks) for folder in folders]
    COST.write_text(json.dumps({"means": means, "ranks": ranks}, indent=1) + "\n")


def _full_rank(starnet: StarNet) -> StarNet:
    """Make the same network with each pair of thin matrices multiplied out: it asks alike."""
    from models.starnet.network import projections

    full = StarNet(replace(starnet.config, ranks={})).eval()
    own, given = full.state_dict(), starnet.state_dict()
    full.load_state_dict(
        {**own, **{n: v for n, v in given.items() if n in own and own[n].shape == v.shape}}
    )
    from_low = projections(starnet)
    for name, part in projections(full).items():
        low = from_low[name]
        if low.full is None and part.full is not None:
            part.full.weight.copy_(low.up.weight @ low.down.weight)
            part.full.bias.copy_(low.up.bias)
    if not isinstance(starnet.text.widen, torch.nn.Identity):
        full.text.embed.weight.copy_(starnet.text.widen(starnet.text.embed.weight))
    return full


def _one(network: StarNet, image: object, text: object, into: dict[str, list[float]]) -> None:
    with FlopCounterMode(display=False) as counter:
        network(image, text)
    counts = {name: sum(by.values()) for name, by in counter.get_flop_counts().items()}
    into["operations"].append(counter.get_total_flops())
    into["attention_operations"].append(
        sum(counts.get(f"{type(network).__name__}.{part}", 0) for part in _ATTENTION)
    )
    took = []
    for _ in range(5):
        start = time.perf_counter()
        network(image, text)
        took.append(time.perf_counter() - start)
    into["milliseconds"].append(1000 * float(np.median(took)))


if __name__ == "__main__":
    main(*sys.argv[1:])
