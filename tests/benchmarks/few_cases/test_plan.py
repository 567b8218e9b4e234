"""Which scans an arm learns from."""

from __future__ import annotations

import numpy as np
import pytest

from medical.synthesis.case import TrainingCase
from tests.benchmarks.few_cases.plan import ARMS, LABELLED, SCORED, Arm, collection_of, divide


def made_cases(*names: str) -> list[TrainingCase]:
    code = np.zeros((4, 4, 4), np.uint8)
    return [TrainingCase(n, code, code > 0, np.zeros((0, 4), np.float32)) for n in names]


def test_no_labelled_scan_is_from_where_a_scored_one_is() -> None:
    scored = {collection_of(name) for name in SCORED}
    assert not scored & {collection_of(name) for name in LABELLED}


def test_both_ways_learn_from_the_same_scans() -> None:
    assert Arm(2, "plain", 3).labelled == Arm(2, "pretrained", 3).labelled


def test_fewer_scans_are_among_more() -> None:
    assert set(Arm(2, "plain", 1).labelled) < set(Arm(4, "plain", 1).labelled)


def test_another_seed_chooses_other_scans() -> None:
    assert len({Arm(1, "plain", seed).labelled for seed in (1, 2, 3)}) > 1


def test_names_of_arms_differ() -> None:
    assert len({arm.name for arm in ARMS}) == len(ARMS) == 18


def test_lungs_from_where_a_scored_one_is_are_not_even_looked_at() -> None:
    cases = made_cases(*LABELLED, "lungfcp-01-0001", "covid-ct-md-cap001")
    _, unlabelled = divide(cases, Arm(1, "pretrained", 1))
    assert [case.name for case in unlabelled] == [*LABELLED, "lungfcp-01-0001"]


def test_a_missing_scan_is_named() -> None:
    with pytest.raises(ValueError, match="qin-lsc-0003"):
        divide(made_cases(*set(LABELLED) - {"qin-lsc-0003"}), Arm(6, "plain", 1))


def test_another_way_is_refused() -> None:
    with pytest.raises(ValueError, match="'clever'"):
        Arm(1, "clever", 1)


def test_no_scan_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="0 labelled"):
        Arm(0, "plain", 1)
