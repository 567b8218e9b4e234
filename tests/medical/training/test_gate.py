from __future__ import annotations

import pytest

from medical.evaluation.tables import Mark, ReferenceFinding, Tables
from medical.training.gate import judge


def tables(*, scans: int, found: int) -> Tables:
    """One nodule a scan, found in the first ``found`` scans."""
    uids = tuple(f"s{i}" for i in range(scans))
    at = (0.0, 0.0, 0.0)
    nodules = tuple(ReferenceFinding(uid, at, 8.0) for uid in uids)
    return Tables(uids, nodules, (), tuple(Mark(uid, at, 0.9) for uid in uids[:found]))


def test_better_weights_replace_the_old() -> None:
    verdict = judge(tables(scans=10, found=10), tables(scans=10, found=5))
    assert verdict.replaces
    assert verdict.difference_ci95 is not None
    assert verdict.difference_ci95[0] > 0


def test_equal_weights_replace_the_old() -> None:
    assert judge(tables(scans=10, found=7), tables(scans=10, found=7)).replaces


def test_worse_weights_do_not_and_it_says_why() -> None:
    verdict = judge(tables(scans=10, found=3), tables(scans=10, found=9))
    assert not verdict.replaces
    assert "worse" in verdict.why
    assert "kept" in verdict.why


def test_a_possible_loss_is_no_pass() -> None:
    verdict = judge(tables(scans=10, found=9), tables(scans=10, found=10))
    assert not verdict.replaces
    assert "cannot be ruled out" in verdict.why


def test_too_few_scans_cannot_tell() -> None:
    verdict = judge(tables(scans=3, found=3), tables(scans=3, found=0))
    assert not verdict.replaces
    assert "too few" in verdict.why


def test_other_scans_are_refused() -> None:
    with pytest.raises(ValueError, match="same scans"):
        judge(tables(scans=5, found=5), tables(scans=6, found=5))
