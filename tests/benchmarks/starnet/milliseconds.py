"""What a finding's malignancy costs in the program, in milliseconds.

``python -m tests.benchmarks.starnet.milliseconds``. Medians of 40, side by side in one run:
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from medical.malignancy.reader import MalignancyReader
from medical.malignancy.view import view_of
from models.detector.normalise import normalise

_RUNS = 40
_TEXT = "spiculated solid nodule, 12 mm, right upper lobe, no calcification"


def main() -> None:
    """Time each part."""
    axis = np.arange(32) - 15.5
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    mask = z**2 + y**2 + x**2 <= 64
    crop = normalise(np.where(mask, 30.0, -850.0).astype(np.float32))
    extents = np.array([24.0], np.float32)
    reader = MalignancyReader.shipped()
    start = time.perf_counter()
    _, tokens = reader.read_images(crop[None], [mask], extents)
    print(f"first finding of a process, with loading: {time.perf_counter() - start:.2f} s")
    parts: dict[str, Callable[[], object]] = {
        "view and measures": lambda: view_of(crop, mask, extent_mm=24.0),
        "image alone, with view and measures": lambda: reader.read_images(
            crop[None], [mask], extents
        ),
        "words, in addition": lambda: reader.read_words(tokens, [_TEXT]),
    }
    for name, run in parts.items():
        run()
        took = []
        for _ in range(_RUNS):
            start = time.perf_counter()
            run()
            took.append(time.perf_counter() - start)
        print(f"{name}: {1000 * float(np.median(took)):.1f} ms")


if __name__ == "__main__":
    main()
