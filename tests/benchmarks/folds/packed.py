"""The folds' data made small for the way to a machine with an accelerator.

``python -m tests.benchmarks.folds.packed pack DATA PACKED FOLD`` writes the lungs that a fold
learns from as PNG (a quarter smaller than the cases' own files) and the pool as xz; ``... unpack
PACKED DATA`` makes DATA of what has arrived, as ``folds.train`` reads it, to the voxel.
"""

from __future__ import annotations

import lzma
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from medical.files import written_atomically
from tests.benchmarks.folds.scans import left_out

_POOL = "pool.xz"
_REST = ".rest.npz"  # of a case: everything but its voxels


def pack_case(file: Path, packed: Path) -> None:
    """Write one case as two files."""
    with np.load(file, allow_pickle=False) as stored:
        code = stored["code"]
        rest = {name: stored[name] for name in stored.files if name != "code"}
    picture = Image.fromarray(code.reshape(-1, code.shape[2]))  # slices one below the other
    picture.save(packed / f"{file.stem}.png", compress_level=9)
    np.savez_compressed(packed / f"{file.stem}{_REST}", shape=np.array(code.shape), **rest)


def unpack_case(picture: Path, cases: Path) -> None:
    """Make the case of its two files, unless it is there."""
    target = cases / f"{picture.stem}.npz"
    if target.exists():
        return
    with np.load(picture.with_name(picture.stem + _REST), allow_pickle=False) as stored:
        rest = {name: stored[name] for name in stored.files if name != "shape"}
        shape = tuple(stored["shape"].tolist())
    code = np.asarray(Image.open(picture)).reshape(shape)
    with written_atomically(target) as beside:
        np.savez(beside, code=code, **rest)


def pack(data: Path, packed: Path, fold: str) -> None:
    """Pack what a fold learns from."""
    packed.mkdir(parents=True, exist_ok=True)
    away = set(left_out(fold))
    for file in sorted((data / "cases").glob("*.npz")):
        if file.stem not in away:
            pack_case(file, packed)
    with np.load(data / "pool.npz", allow_pickle=False) as stored:
        plain = BytesIO()
        np.savez(plain, **{name: stored[name] for name in stored.files})  # type: ignore[arg-type]
    (packed / _POOL).write_bytes(lzma.compress(plain.getvalue(), preset=3))


def unpack(packed: Path, data: Path) -> None:
    """Make what has arrived; what is there already stays."""
    Image.MAX_IMAGE_PIXELS = None  # a CT's slices below each other: no bomb
    cases = data / "cases"
    cases.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor() as pool:
        list(pool.map(partial(unpack_case, cases=cases), sorted(packed.glob("*.png"))))
    if (packed / _POOL).exists() and not (data / "pool.npz").exists():
        with written_atomically(data / "pool.npz") as beside:
            beside.write_bytes(lzma.decompress((packed / _POOL).read_bytes()))


def main() -> None:
    """Pack or unpack."""
    command, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if command == "pack":
        pack(source, target, sys.argv[4])
    else:
        unpack(source, target)


if __name__ == "__main__":
    main()
