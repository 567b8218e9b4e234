"""The comparison over seeds."""

from __future__ import annotations

import pytest

from medical.evaluation.tables import Mark, ReferenceFinding, Tables
from medical.training.gate import judge
from tests.benchmarks.seeds import compare

SCANS = tuple(f"s{number}" for number in range(12))


def made_tables(*, found: int) -> Tables:
    """One nodule a scan, of which the first ``found`` have a mark; a false mark in every scan."""
    return Tables(
        series_uids=SCANS,
        nodules=tuple(ReferenceFinding(name, (0.0, 0.0, 0.0), 8.0) for name in SCANS),
        irrelevant=(),
        marks=tuple(
            [Mark(name, (0.0, 0.0, 0.0), 0.9) for name in SCANS[:found]]
            + [Mark(name, (90.0, 0.0, 0.0), 0.5) for name in SCANS]
        ),
    )


def test_the_mean_of_the_seeds_is_compared() -> None:
    said = compare(
        [made_tables(found=12), made_tables(found=6)], [made_tables(found=6), made_tables(found=3)]
    )
    assert said.new == pytest.approx(0.75)
    assert said.old == pytest.approx(0.375)
    assert said.difference == pytest.approx(0.375)


def test_one_seed_gives_the_interval_of_the_gate() -> None:
    new, old = made_tables(found=9), made_tables(found=6)
    assert compare([new], [old]).difference_ci95 == judge(new, old).difference_ci95


def test_seeds_are_not_more_scans() -> None:
    new, old = made_tables(found=9), made_tables(found=6)
    one, three = compare([new], [old]), compare([new] * 3, [old] * 3)
    assert three.difference_ci95 == pytest.approx(one.difference_ci95)


@pytest.mark.parametrize(
    ("new", "old", "verdict"),
    [(12, 4, "pays"), (4, 12, "costs"), (7, 7, "is worth nothing that these scans could show")],
)
def test_the_verdict_follows_the_interval(new: int, old: int, verdict: str) -> None:
    assert compare([made_tables(found=new)], [made_tables(found=old)]).verdict == verdict


def test_other_scans_are_refused() -> None:
    less = made_tables(found=3)
    other = Tables(series_uids=SCANS[:3], nodules=less.nodules[:3], irrelevant=(), marks=())
    with pytest.raises(ValueError, match="same scans"):
        compare([less], [other])
