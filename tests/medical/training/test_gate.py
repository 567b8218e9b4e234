"""May new weights replace the old ones, and how both are shown side by side."""

from __future__ import annotations

import pytest

from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.tables import Candidate, ReferenceFinding, Tables
from medical.training.gate import compare, decide
from medical.training.unseen_loss import nodules_needed


def tables(*, scans: int, hits: int) -> Tables:
    """One nodule a scan, found in the first ``hits`` scans."""
    uids = tuple(f"s{i}" for i in range(scans))
    at = (0.0, 0.0, 0.0)
    nodules = tuple(ReferenceFinding(uid, at, 8.0) for uid in uids)
    return Tables(uids, nodules, (), tuple(Candidate(uid, at, 0.9) for uid in uids[:hits]))


def test_better_weights_replace_the_old() -> None:
    verdict = decide(tables(scans=10, hits=10), tables(scans=10, hits=5))
    assert verdict.replaces
    assert verdict.difference_ci95 is not None
    assert verdict.difference_ci95[0] > 0


def test_equal_weights_replace_the_old_where_enough_nodules_show_it() -> None:
    needed = nodules_needed(0.05)
    assert needed == 72
    assert decide(tables(scans=needed, hits=60), tables(scans=needed, hits=60), draws=200).replaces
    fewer = needed - 1
    assert not decide(
        tables(scans=fewer, hits=60), tables(scans=fewer, hits=60), draws=200
    ).replaces


def test_five_nodules_that_tie_show_nothing_and_it_says_how_many_would() -> None:
    verdict = decide(tables(scans=5, hits=5), tables(scans=5, hits=5))
    assert not verdict.replaces
    assert "5 nodules may hide a loss of 0.522; 72 are needed where none is lost" in verdict.why
    assert "both models are kept" in verdict.why
    assert verdict.difference_ci95 == pytest.approx((-0.5218, 0.0), abs=1e-4)


def test_worse_weights_do_not_and_it_says_why() -> None:
    verdict = decide(tables(scans=10, hits=3), tables(scans=10, hits=9))
    assert not verdict.replaces
    assert "worse" in verdict.why
    assert "kept" in verdict.why


def test_a_possible_loss_is_no_pass() -> None:
    verdict = decide(tables(scans=10, hits=9), tables(scans=10, hits=10))
    assert not verdict.replaces
    assert "cannot be ruled out" in verdict.why


def test_too_few_scans_cannot_tell() -> None:
    verdict = decide(tables(scans=3, hits=3), tables(scans=3, hits=0))
    assert not verdict.replaces
    assert "too few" in verdict.why


def test_other_scans_are_refused() -> None:
    with pytest.raises(ValueError, match="same scans"):
        decide(tables(scans=5, hits=5), tables(scans=6, hits=5))


def compared(*, probability: float, false: int) -> Tables:
    """Six scans with one nodule each, found by a candidate, and false positives in the first."""
    names = [f"s{n}" for n in range(6)]
    nodules = tuple(ReferenceFinding(name, (0.0, 0.0, 0.0), 8.0) for name in names)
    candidates = [Candidate(name, (1.0, 0.0, 0.0), probability) for name in names]
    candidates += [Candidate("s0", (90.0 + 30 * n, 0.0, 0.0), 0.5) for n in range(false)]
    return Tables(
        series_uids=tuple(names), nodules=nodules, irrelevant=(), candidates=tuple(candidates)
    )


def test_each_model_is_measured_at_its_own_operating_point() -> None:
    old = evaluate_tables(compared(probability=0.4, false=6), operating_point=0.45).evaluation
    new = evaluate_tables(compared(probability=0.9, false=3), operating_point=0.2).evaluation
    rows = {row.figure: (row.old, row.new) for row in compare(old, new)}
    assert rows["held-out scans"] == ("6", "6")
    assert rows["nodules in them"] == ("6", "6")
    assert rows["operating point"] == ("0.450", "0.200")
    assert rows["sensitivity there"] == ("0.000", "1.000")
    assert rows["false positives a scan there"] == ("1.000", "0.500")
    assert rows["CPM [95 % interval]"][1].startswith("1.000 [")
    assert rows["sensitivity at 8 false positives a scan"] == ("1.000", "1.000")
