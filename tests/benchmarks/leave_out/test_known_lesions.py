from __future__ import annotations

import pytest

from tests.benchmarks.leave_out.known_lesions import lesions_of, operate
from tests.benchmarks.leave_out.made import at, made_scan


def test_a_lesion_s_rank_is_that_of_its_strongest_mark() -> None:
    scan = made_scan("a", [1.0, 3.0, 2.0], known=at(2, 7))
    result, missed = lesions_of(scan)
    assert (result.rank, result.off_mm) == (2, 0.0)
    assert missed.rank is None


def test_a_threshold_comes_from_the_other_scans_alone() -> None:
    # of its own two false positives both lie above what the other scan allows
    strict = made_scan("a", [9.0, 8.0, 7.0], known=at(2))
    quiet = made_scan("b", [1.0, 0.5], known=at(0))
    done = operate([strict, quiet], others_a_scan=0.0, count_ignore_regions=True)
    assert done.others == (2, 0)  # a at 0.5 of b's, b at 9 of a's
    assert (done.found, done.of) == (1, 2)


def test_what_is_doubtful_counts_only_when_asked() -> None:
    scans = [made_scan(name, [2.0, 1.0], known=at(0), ignore_regions=at(1)) for name in "ab"]
    assert operate(scans, others_a_scan=1.0, count_ignore_regions=True).others == (1, 1)
    assert operate(scans, others_a_scan=1.0, count_ignore_regions=False).others == (0, 0)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_without_other_marks_all_is_marked(rate: float) -> None:
    scans = [made_scan(name, [-5.0], known=at(0)) for name in "ab"]
    assert operate(scans, others_a_scan=rate, count_ignore_regions=True).found == 2
