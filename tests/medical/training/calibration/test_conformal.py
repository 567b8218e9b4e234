"""Split-conformal quantile: with n calibration cases the ceil((n + 1) * coverage)-th score.

Source: Angelopoulos and Bates, "A gentle introduction to conformal prediction", arXiv 2107.07511.
"""

from __future__ import annotations

import numpy as np
import pytest

from medical.training.calibration.fit import conformal_quantile


@pytest.mark.parametrize(("count", "rank"), [(19, 19), (20, 20), (39, 38), (60, 58), (400, 381)])
def test_a_case_not_seen_counts_among_them(count: int, rank: int) -> None:
    scores = np.arange(1.0, count + 1)[::-1]
    assert conformal_quantile(scores, coverage=0.95) == rank


def test_too_few_cases_hold_no_interval() -> None:
    with pytest.raises(ValueError, match="18 cases are too few for 95% coverage"):
        conformal_quantile(np.arange(18.0), coverage=0.95)


def test_the_next_case_lies_below_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    draws = rng.exponential(size=(4000, 21))
    held = [row[-1] <= conformal_quantile(row[:-1], coverage=0.8) for row in draws]
    assert 0.79 < np.mean(held) < 0.83  # 17 of 21 exactly
