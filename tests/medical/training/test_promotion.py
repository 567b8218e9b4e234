"""A smaller model is used where its loss is shown to be small, not where few nodules hide it."""

from __future__ import annotations

import pytest

from medical.evaluation.tables import Candidate, ReferenceFinding, Tables
from medical.training.compressing.promotion import decide_on_step
from medical.training.gate import Verdict, decide
from medical.training.unseen_loss import nodules_needed, unseen_loss


def tables(*, scans: int, hits: int) -> Tables:
    """One nodule a scan, found in the first ``hits`` scans."""
    uids = tuple(f"s{i}" for i in range(scans))
    at = (0.0, 0.0, 0.0)
    nodules = tuple(ReferenceFinding(uid, at, 8.0) for uid in uids)
    return Tables(uids, nodules, (), tuple(Candidate(uid, at, 0.9) for uid in uids[:hits]))


def judged(*, scans: int, new: int, old: int, bound: float = 0.01) -> Verdict:
    """Judge models that find the first ``new`` and ``old`` nodules."""
    lost = decide(tables(scans=scans, hits=new), tables(scans=scans, hits=old), draws=200)
    return decide_on_step(lost, bound=bound)


def test_five_nodules_of_which_none_is_lost_do_not_promote() -> None:
    verdict = judged(scans=5, new=5, old=5)
    assert not verdict.replaces
    assert "too few nodules to tell" in verdict.why and "368 are needed" in verdict.why
    assert verdict.difference_ci95 == pytest.approx((-0.5218, 0.0), abs=1e-4)


def test_as_many_as_are_needed_promote_and_one_fewer_does_not() -> None:
    needed = nodules_needed(0.05)
    assert unseen_loss(needed) < 0.05 <= unseen_loss(needed - 1)
    assert judged(scans=needed, new=needed, old=needed, bound=0.05).replaces
    assert not judged(scans=needed - 1, new=needed - 1, old=needed - 1, bound=0.05).replaces


def test_what_is_lost_is_lost_however_many_there_are() -> None:
    assert judged(scans=400, new=400, old=400).replaces
    worse = judged(scans=400, new=380, old=400)
    assert not worse.replaces and worse.why.endswith("worse")


def test_a_clear_gain_needs_fewer() -> None:
    assert judged(scans=40, new=36, old=18).replaces


def test_too_few_scans_stay_too_few() -> None:
    verdict = judged(scans=3, new=3, old=0)
    assert not verdict.replaces and "too few to tell" in verdict.why
