"""May a Lite replace its teacher? ``python -m tests.benchmarks.folds.small.gate``.

By the gate of ``starlung compress`` on nodules INSERTED into lungs that neither had seen, from the
predictions kept here; no CT, no accelerator. What it says of
starlung-lite decides whether it may be the default.
"""

from __future__ import annotations

from collections.abc import Sequence

from medical.training.compressing.promotion import decide_on_step
from medical.training.gate import Verdict, decide
from medical.training.unseen_loss import nodules_needed
from tests.benchmarks.folds.compare import LITE, LITE_32, NARROW, read_folds
from tests.benchmarks.folds.predictions import PREDICTIONS, read_predictions
from tests.benchmarks.folds.small.cascade import cross_switched, pairs
from tests.benchmarks.leave_out.score import tables_of
from tests.benchmarks.leave_out.seen_scan import SeenScan

BOUND = 0.01  # of the mean sensitivity, as ``starlung compress`` asks


def verdict(new: Sequence[SeenScan], old: Sequence[SeenScan]) -> Verdict:
    """Judge the scans with inserted nodules that both have read."""
    by_name = {scan.name: scan for scan in new if not scan.as_it_is}
    both = [(by_name[scan.name], scan) for scan in old if scan.name in by_name]
    a, b = (tables_of([pair[side] for pair in both]) for side in (0, 1))
    return decide_on_step(decide(a, b, margin=BOUND), bound=BOUND)


def main() -> None:
    """Print what the gate says of each precision."""
    print(f"where none is lost, {nodules_needed(BOUND)} nodules are needed")
    for with_second in (True, False):
        print("both stages" if with_second else "first stage alone")
        teachers = read_folds(PREDICTIONS, with_second=with_second)
        exact = read_folds(PREDICTIONS / "lite", with_second=with_second)
        eight = read_folds(PREDICTIONS / "lite-int8", with_second=with_second)
        switched, _ = cross_switched(pairs(eight, exact))
        for name, scans in (("FP32", exact), ("INT8", eight), ("switched", switched)):
            gate = verdict(scans, teachers)
            print(f"  {name}: {gate.scans} scans, {gate.nodules} nodules: {gate.why}")
        fast = read_predictions(
            PREDICTIONS / NARROW / "fast-int8.csv", views=2, with_second=with_second
        )
        for bits, table, views in ((8, LITE, 2), (8, LITE, 1), (32, LITE_32, 2)):
            lite = read_predictions(PREDICTIONS / table, views=views, with_second=with_second)
            gate = verdict(lite, fast)
            verdict_text = f"{gate.scans} scans, {gate.nodules} nodules: {gate.why}"
            name = f"starlung-lite in {bits} bits, {views} view(s)"
            print(f"  {name}, and starlung-fast: {verdict_text}")


if __name__ == "__main__":
    main()
