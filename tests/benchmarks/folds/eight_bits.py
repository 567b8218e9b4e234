"""A model whose first stage runs in eight bits: ``folds.eight_bits DATA MODEL OUT``.

DATA is what ``folds.data`` wrote; bounds are found on windows of lungs that the model has learned
from. Writes the model's folder anew as OUT, the network beside its weights and named in its card.
Its calibration is not its own: run ``tests.benchmarks.calibrate`` on OUT.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from medical.synthesis.case import TrainingCase
from models.compression.int8 import Inputs, quantize_to_int8
from models.detector.normalise import normalise
from models.runtime.conversion import convert_detector
from models.zoo.card import NetworkFiles
from models.zoo.loader import CARD, find_model
from models.zoo.networks import load_networks
from models.zoo.single_file import digest_of

WINDOWS, EDGE = 36, 96
_NODULE_EVERY = 3
_SEED = 3


def lung_windows(cases: list[TrainingCase]) -> Iterator[Inputs]:
    """Windows of lung, a third of them at a known nodule, as the first stage takes them."""
    draw = np.random.default_rng(_SEED)
    for number in range(WINDOWS):
        case = cases[number % len(cases)]
        hu = np.pad(case.hu, [(0, max(0, EDGE - n)) for n in case.code.shape], mode="edge")
        inside = np.argwhere(case.lung[::4, ::4, ::4]) * 4
        center = inside[draw.integers(len(inside))]
        if len(case.nodules) and number % _NODULE_EVERY == 0:
            center = case.nodules[draw.integers(len(case.nodules)), :3].astype(int)
        low = [
            int(np.clip(at - EDGE // 2, 0, n - EDGE))
            for at, n in zip(center, hu.shape, strict=True)
        ]
        window = hu[tuple(slice(at, at + EDGE) for at in low)]
        yield (np.asarray(normalise(window)[None, None], np.float32),)


def main() -> None:
    """Quantise and write."""
    data, model, out = Path(sys.argv[1]), find_model(sys.argv[2]), Path(sys.argv[3])
    names = model.card.scans_seen_in_training
    cases = [TrainingCase.load(data / "cases" / f"{name}.npz") for name in names]
    network = convert_detector(load_networks(model).detector)
    small = quantize_to_int8(network, lung_windows(cases))
    shutil.copytree(model.folder, out)
    parts = {"first.xml": small.model, "first.bin": small.weights}
    for name, content in parts.items():
        (out / name).write_bytes(content)
    files = {name: digest_of(content) for name, content in parts.items()}
    card = model.card.model_copy(update={"networks": {"first": NetworkFiles(files=files)}})
    card.write(out / CARD)


if __name__ == "__main__":
    main()
