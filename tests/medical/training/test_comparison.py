"""The table at the end of a run: the old model beside the new one."""

from __future__ import annotations

from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.tables import Mark, ReferenceFinding, Tables
from medical.training.comparison import compare


def tables(*, probability: float, false: int) -> Tables:
    """Six scans with one nodule each, found by a mark, and false marks in the first."""
    names = [f"s{n}" for n in range(6)]
    nodules = tuple(ReferenceFinding(name, (0.0, 0.0, 0.0), 8.0) for name in names)
    marks = [Mark(name, (1.0, 0.0, 0.0), probability) for name in names]
    marks += [Mark("s0", (90.0 + 30 * n, 0.0, 0.0), 0.5) for n in range(false)]
    return Tables(series_uids=tuple(names), nodules=nodules, irrelevant=(), marks=tuple(marks))


def test_each_model_is_measured_at_its_own_operating_point() -> None:
    old = evaluate_tables(tables(probability=0.4, false=6), operating_point=0.45).evaluation
    new = evaluate_tables(tables(probability=0.9, false=3), operating_point=0.2).evaluation
    rows = {row.figure: (row.old, row.new) for row in compare(old, new)}
    assert rows["held-out scans"] == ("6", "6")
    assert rows["nodules in them"] == ("6", "6")
    assert rows["operating point"] == ("0.450", "0.200")
    assert rows["sensitivity there"] == ("0.000", "1.000")
    assert rows["false positives a scan there"] == ("1.000", "0.500")
    assert rows["CPM [95 % interval]"][1].startswith("1.000 [")
    assert rows["sensitivity at 8 false positives a scan"] == ("1.000", "1.000")
