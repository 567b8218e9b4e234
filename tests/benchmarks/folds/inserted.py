"""Hybrid scans of all lungs: ``python -m tests.benchmarks.folds.inserted DATA [WORKERS]``.

Nodules of patients that no fold learns from are INSERTED as the frozen set's are; the first eight
lungs get the very nodules that ``leave_out.read`` gave them. Writes ``DATA/hybrids/*.npz``.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from tests.benchmarks.folds.data import read_case
from tests.benchmarks.folds.scans import SCANS, UNSEEN
from tests.benchmarks.leave_out.seen_scan import Places
from tests.benchmarks.shared.insertion import InsertedNodule, InsertionScan
from tests.benchmarks.shared.insertion_set import COPIES, SEED, make_set

PATCH = 96  # voxels, of the engine that inserts
_FIRST_LUNG = 10  # the frozen set's seeds are those of the lungs 0 to 2


def with_room(case: TrainingCase) -> TrainingCase:
    """Grown at its ends where it is thinner than the patches that nodules are inserted by."""
    grow = [(0, max(0, PATCH - edge)) for edge in case.code.shape]
    return replace(case, code=np.pad(case.code, grow, mode="edge"), lung=np.pad(case.lung, grow))


def places(nodules: tuple[InsertedNodule, ...]) -> Places:
    """Rows (z, y, x, diameter)."""
    rows = [(*nodule.center_voxel, nodule.diameter_mm) for nodule in nodules]
    return np.array(rows, np.float64).reshape(-1, 4)


def make_lung(data: Path, number: int) -> None:
    """Write the hybrid scans of one lung; what is there stays."""
    torch.set_num_threads(1)
    name = list(SCANS)[number]
    path = data / "hybrids" / f"{name}.npz"
    if path.exists():
        return
    case = with_room(TrainingCase.load(data / "cases" / f"{name}.npz"))
    pool = NodulePool.load(data / "held.npz")
    made = make_set([case], pool, copies=COPIES, first_seed=SEED + 100 * (_FIRST_LUNG + number))
    path.parent.mkdir(parents=True, exist_ok=True)
    save(made, path)


def hybrids_of_unseen(pool: NodulePool, *, copies: int = COPIES) -> list[InsertionScan]:
    """The first hybrid scans of each lung of ``UNSEEN``, those of ``make_lung``.

    Args:
        pool: ``read_held_pool``'s.
        copies: a lung.
    """
    made = []
    for number, name in enumerate(SCANS):
        if name in UNSEEN:
            seed = SEED + 100 * (_FIRST_LUNG + number)
            made += make_set([with_room(read_case(name))], pool, copies=copies, first_seed=seed)
    return made


def save(made: list[InsertionScan], path: Path) -> None:
    """Write voxels and truth of a lung's hybrid scans."""
    arrays: dict[str, np.ndarray] = {"names": np.array([scan.case.name for scan in made])}
    for number, scan in enumerate(made):
        arrays[f"code{number}"] = scan.case.code
        arrays[f"inserted{number}"] = places(scan.inserted)
        arrays[f"ignored{number}"] = places(scan.ignored)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **arrays)  # type: ignore[arg-type]
    part.replace(path)


def main() -> None:
    """Make those of all lungs whose case is there."""
    data, workers = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2
    numbers = [n for n, name in enumerate(SCANS) if (data / "cases" / f"{name}.npz").exists()]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(partial(make_lung, data), numbers))


if __name__ == "__main__":
    main()
