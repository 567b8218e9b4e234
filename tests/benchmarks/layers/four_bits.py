"""Weights of four bits, layer by layer.

``python -m tests.benchmarks.layers.four_bits WEIGHTS CASE...``

WEIGHTS are a first stage's as it was taught rounded (``eight-bit.safetensors`` of
``starlung compress``), CASEs two or more lungs that it did not learn from (``folds.data``). Each
convolution by turns gets weights of 15 values; told is how far the heat moves by it on windows of
these lungs, beside what eight bits move it, and how many bytes the packed file loses. Then the
layers that move it least for their bytes are taken together, as long as heat moves no further than
``BOUND``. The last lung takes no part in that: on it the choice is told.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from medical.synthesis.case import TrainingCase
from medical.training.compress import load_student, load_taught_rounded
from medical.training.recipes import read_recipe
from models.compression.learned_bounds import quantize_between_learned_bounds
from models.compression.quantization import QuantizedConv3d
from models.detector.normalise import normalise
from models.runtime.conversion import convert_detector
from models.runtime.openvino_cpu import NetworkFile, OpenVinoNetwork
from tests.benchmarks.folds.train import RECIPE

EDGE, WINDOWS = 64, 4
BOUND = 0.02  # of a logit, mean: what eight bits themselves move is twice that


def windows(case: TrainingCase) -> Iterator[np.ndarray]:
    """Windows of lung, spread over a CT."""
    inside = np.argwhere(case.lung[::8, ::8, ::8]) * 8
    for row in inside[np.linspace(0, len(inside) - 1, WINDOWS + 2).astype(int)[1:-1]]:
        low = np.clip(row - EDGE // 2, 0, np.array(case.lung.shape) - EDGE)
        cut = tuple(slice(a, a + EDGE) for a in low)
        yield normalise(case.hu[cut])[None, None].astype(np.float32)


def packed_bytes(file: NetworkFile) -> int:
    """Bytes of a network in a model's one file."""
    return len(lzma.compress(file.model + file.weights))


def heat(file: NetworkFile, images: list[np.ndarray]) -> np.ndarray:
    """Heat of all windows."""
    network = OpenVinoNetwork(file)
    return np.stack([network(image)[0][0, 0] for image in images])


def main() -> None:
    """Measure and print."""
    weights, cases = Path(sys.argv[1]), [TrainingCase.load(Path(p)) for p in sys.argv[2:]]
    if len(cases) < 2:
        sys.exit("Give two or more lungs: the last one tells what was chosen on the others.")
    images = [image for case in cases[:-1] for image in windows(case)]
    unseen = list(windows(cases[-1]))
    recipe = read_recipe(RECIPE)
    student = load_taught_rounded(recipe, weights)
    plain = convert_detector(load_student(recipe, weights))
    names = [n for n, m in student.named_modules() if isinstance(m, QuantizedConv3d)]

    def made(four_bits: list[str]) -> NetworkFile:
        return quantize_between_learned_bounds(plain, student, four_bits=four_bits)

    eight = made([])
    exact, wanted, whole = heat(plain, images), heat(eight, images), packed_bytes(eight)
    print(f"{len(images)} windows; eight bits: {whole} bytes, heat moves {moved(wanted, exact)}")
    rows = []
    for name in names:
        file = made([name])
        apart = float(np.abs(heat(file, images) - wanted).mean())
        rows.append((name, apart, whole - packed_bytes(file)))
        print(f"  {name:36s} heat moves {apart:.4f}, {rows[-1][2]:7d} bytes fewer", flush=True)
    chosen: list[str] = []
    for name, _, _ in sorted(rows, key=lambda row: row[1] / max(1, row[2])):
        if float(np.abs(heat(made([*chosen, name]), images) - wanted).mean()) <= BOUND:
            chosen.append(name)
    file, all_four = made(chosen), made(names)
    print(f"four bits in {len(chosen)} of {len(names)}: {', '.join(chosen)}")
    print(f"on windows that the choice had not seen, {sys.argv[-1]}, against 32 bits:")
    exact = heat(plain, unseen)
    for words, network in (("eight bits", eight), ("chosen", file), ("four in all", all_four)):
        apart = moved(heat(network, unseen), exact)
        print(f"  {words:12s} {packed_bytes(network):8d} bytes, {apart}")
    result = {
        "bytes_eight": whole,
        "bytes_mixed": packed_bytes(file),
        "bytes_four": packed_bytes(all_four),
        "layers_four": len(chosen),
    }
    print("RESULT " + json.dumps(result))


def moved(heat_of_it: np.ndarray, other: np.ndarray) -> str:
    """Mean difference and correlation, in words."""
    alike = np.corrcoef(heat_of_it.ravel(), other.ravel())[0, 1]
    return f"{np.abs(heat_of_it - other).mean():.4f} (correlation {alike:.4f})"


if __name__ == "__main__":
    main()
