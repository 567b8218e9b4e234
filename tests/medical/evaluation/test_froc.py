"""The LUNA16 protocol: which candidates hit, the curve, its mean and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.froc import (
    FALSE_POSITIVES_PER_SCAN,
    Scores,
    bootstrap,
    match_scan,
    match_scans,
    strongest_candidates,
)
from medical.evaluation.tables import Candidate, ReferenceFinding, Tables


def nodule(x: float, diameter: float = 10.0) -> ReferenceFinding:
    return ReferenceFinding("s", (x, 0.0, 0.0), diameter)


def candidate(x: float, probability: float = 0.5) -> Candidate:
    return Candidate("s", (x, 0.0, 0.0), probability)


def test_a_mark_closer_than_the_radius_hits() -> None:
    assert match_scan([nodule(0)], [], [candidate(4.999)]).found_at == (0.5,)


def test_a_mark_exactly_at_the_radius_does_not_hit() -> None:
    result = match_scan([nodule(0)], [], [candidate(5.0)])
    assert result.found_at == (None,)
    assert result.false_positives == (0.5,)


def test_distance_counts_in_three_dimensions() -> None:
    far = Candidate("s", (3.0, 3.0, 3.0), 0.5)
    assert match_scan([nodule(0)], [], [far]).found_at == (None,)


def test_only_the_strongest_of_several_marks_on_a_nodule_counts() -> None:
    result = match_scan([nodule(0)], [], [candidate(1, 0.3), candidate(0, 0.9), candidate(2, 0.6)])
    assert result.found_at == (0.9,)
    assert result.ignored_double == 2
    assert result.false_positives == ()


def test_a_mark_on_an_irrelevant_finding_is_ignored() -> None:
    result = match_scan([], [nodule(50)], [candidate(51)])
    assert result.ignored_irrelevant == 1
    assert result.false_positives == ()


def test_a_mark_on_a_nodule_and_an_irrelevant_finding_hits() -> None:
    result = match_scan([nodule(0)], [nodule(1)], [candidate(0.5)])
    assert result.found_at == (0.5,)
    assert result.ignored_irrelevant == 0


def test_a_mark_between_two_nodules_finds_both() -> None:
    result = match_scan([nodule(0), nodule(6)], [], [candidate(3, 0.7)])
    assert result.found_at == (0.7, 0.7)
    assert result.ignored_double == 0


def test_a_mark_on_two_irrelevant_findings_is_ignored_once() -> None:
    assert match_scan([], [nodule(0), nodule(1)], [candidate(0.5)]).ignored_irrelevant == 1


def test_a_hundred_marks_all_count() -> None:
    candidates = [candidate(100.0 + k, 0.5) for k in range(100)]
    assert len(strongest_candidates(candidates)) == 100


def test_of_more_marks_those_above_the_101st_count() -> None:
    candidates = [candidate(k, k / 1000) for k in range(150)]
    stored = strongest_candidates(candidates)
    assert len(stored) == 100
    assert min(m.probability for m in stored) == 0.05


def test_marks_that_tie_with_the_101st_fall_away() -> None:
    candidates = [candidate(k, 0.9) for k in range(40)] + [candidate(k, 0.5) for k in range(80)]
    assert len(strongest_candidates(candidates)) == 40


def test_a_scan_of_equal_marks_keeps_none_beyond_a_hundred() -> None:
    assert match_scan([nodule(0)], [], [candidate(0, 0.5)] * 101).found_at == (None,)


def test_a_scan_without_anything_is_empty() -> None:
    result = match_scan([], [], [])
    assert (result.found_at, result.false_positives, result.strongest) == ((), (), None)


def tables(
    scans: int, nodules: dict[int, int], candidates: list[tuple[int, float, float]]
) -> Tables:
    """Nodules of 10 mm at x = 0, 100, ... of a scan; candidates as (scan, x, probability)."""
    return Tables(
        tuple(f"s{k}" for k in range(scans)),
        tuple(
            ReferenceFinding(f"s{scan}", (100.0 * k, 0, 0), 10.0)
            for scan, count in nodules.items()
            for k in range(count)
        ),
        (),
        tuple(Candidate(f"s{scan}", (x, 0, 0), p) for scan, x, p in candidates),
    )


def test_found_without_false_positives_gives_full_sensitivity() -> None:
    result = evaluate_tables(tables(4, {0: 2}, [(0, 0, 0.9), (0, 100, 0.8)])).evaluation
    assert set(result.sensitivity.values()) == {1.0}
    assert result.cpm == 1.0


def test_a_missed_nodule_stays_in_the_denominator() -> None:
    result = evaluate_tables(tables(4, {0: 2}, [(0, 0, 0.9)])).evaluation
    assert (result.nodules, result.found, result.cpm) == (2, 1, 0.5)


def test_sensitivity_is_interpolated_linearly() -> None:
    # (0, 0.5) at 0.9, (1, 0.5) at 0.8, (1, 1) at 0.7: a step; then a sloping case by a tie.
    step = tables(1, {0: 2}, [(0, 0, 0.9), (0, 50, 0.8), (0, 100, 0.7)])
    result = evaluate_tables(step).evaluation.sensitivity
    assert (result["0.5"], result["1"]) == (0.5, 1.0)
    tie = tables(1, {0: 2}, [(0, 0, 0.9), (0, 50, 0.7), (0, 100, 0.7)])
    result = evaluate_tables(tie).evaluation.sensitivity
    assert result["0.5"] == pytest.approx(0.75)
    assert result["0.125"] == pytest.approx(0.5625)


def test_scans_without_nodules_and_marks_count() -> None:
    case = [(0, 50, 0.9), (0, 0, 0.5)]
    few = evaluate_tables(tables(1, {0: 1}, case)).evaluation.sensitivity
    many = evaluate_tables(tables(8, {0: 1}, case)).evaluation.sensitivity
    assert (few["0.125"], many["0.125"]) == (0.0, 1.0)


def test_no_marks_give_zero() -> None:
    result = evaluate_tables(tables(3, {0: 1}, [])).evaluation
    assert (result.cpm, result.cpm_ci95, result.calibration) == (0.0, (0.0, 0.0), None)


def test_no_nodules_give_no_sensitivity() -> None:
    result = evaluate_tables(tables(3, {}, [(0, 0, 0.5)])).evaluation
    assert result.cpm is None
    assert result.cpm_ci95 is None
    assert set(result.sensitivity.values()) == {None}
    assert result.false_positives == 1


def test_no_scans_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one scan"):
        evaluate_tables(Tables((), (), (), ()))


def test_the_interval_holds_the_cpm_and_follows_the_seed() -> None:
    case = random_tables(np.random.default_rng(5), scans=30)
    scores = Scores.of(match_scans(case))
    first, again = bootstrap(scores, seed=1), bootstrap(scores, seed=1)
    assert first.cpm_ci95 == again.cpm_ci95
    assert first.cpm_ci95 is not None
    low, high = first.cpm_ci95
    assert low < scores.curve().cpm < high
    assert bootstrap(scores, seed=2).cpm_ci95 != first.cpm_ci95


def test_a_bootstrap_draw_equals_the_evaluation_of_the_drawn_scans() -> None:
    scans = match_scans(random_tables(np.random.default_rng(6), scans=6))
    times = np.array([2, 0, 1, 0, 3, 0])
    drawn = [scan for scan, n in zip(scans, times, strict=True) for _ in range(n)]
    weighted = Scores.of(scans).curve(times=times)
    assert weighted.cpm == pytest.approx(Scores.of(drawn).curve().cpm)


def random_tables(rng: np.random.Generator, *, scans: int) -> Tables:
    """Crowded random scans: ties, doubles, irrelevant findings, more than a hundred candidates."""

    def findings(count: int) -> tuple[ReferenceFinding, ...]:
        return tuple(
            ReferenceFinding(
                f"s{rng.integers(scans)}",
                tuple(rng.uniform(0, 60, 3).tolist()),  # type: ignore[arg-type]
                float(rng.uniform(4, 30)),
            )
            for _ in range(count)
        )

    candidates = tuple(
        Candidate(
            f"s{rng.integers(scans) if rng.random() < 0.5 else 0}",
            tuple(rng.uniform(0, 60, 3).tolist()),  # type: ignore[arg-type]
            float(np.round(rng.random(), 2)),
        )
        for _ in range(int(rng.integers(1, 60 * scans)))
    )
    return Tables(
        tuple(f"s{k}" for k in range(scans)), findings(2 * scans), findings(scans), candidates
    )


def brute_force(case: Tables) -> dict[float, float]:
    """The same by loops over thresholds, sharing no code with the product."""

    def inside(candidate: Candidate, finding: ReferenceFinding) -> bool:
        if candidate.series_uid != finding.series_uid:
            return False
        gap = sum(
            (a - b) ** 2
            for a, b in zip(candidate.center_lps_mm, finding.center_lps_mm, strict=True)
        )
        return bool(gap < (finding.diameter_mm / 2) ** 2)

    counted: list[Candidate] = []
    for uid in case.series_uids:
        own = [m for m in case.candidates if m.series_uid == uid]
        if len(own) > 100:
            bar = sorted([m.probability for m in own])[-101]
            own = [m for m in own if m.probability > bar]
        counted += own
    free = [m for m in counted if not any(inside(m, f) for f in case.nodules + case.irrelevant)]
    points = [(0.0, 0.0)]
    for threshold in sorted({m.probability for m in counted}, reverse=True):
        passed = [m for m in counted if m.probability >= threshold]
        result = sum(any(inside(m, n) for m in passed) for n in case.nodules)
        false = sum(m.probability >= threshold for m in free)
        points.append((false / len(case.series_uids), result / len(case.nodules)))
    answer = {}
    for rate in FALSE_POSITIVES_PER_SCAN:
        left = max(p for p in points if p[0] <= rate)
        right = [p for p in points if p[0] > rate]
        answer[rate] = left[1]
        if right:
            x, y = min(right)
            answer[rate] += (y - left[1]) * (rate - left[0]) / (x - left[0])
    return answer


@pytest.mark.parametrize("seed", range(25))
def test_the_curve_agrees_with_brute_force(seed: int) -> None:
    case = random_tables(np.random.default_rng(seed), scans=1 + seed % 7)
    result = evaluate_tables(case, bootstraps=1).evaluation
    expected = brute_force(case)
    for rate, value in expected.items():
        assert result.sensitivity[f"{rate:g}"] == pytest.approx(value, abs=1e-12)
    assert result.cpm == pytest.approx(sum(expected.values()) / 7, abs=1e-12)
