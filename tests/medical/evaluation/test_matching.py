"""One rule of the LUNA16 protocol a test, on scans small enough to check by hand."""

from medical.evaluation.matching import match_scan, strongest_candidates
from medical.evaluation.tables import Candidate, ReferenceFinding


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
    kept = strongest_candidates(candidates)
    assert len(kept) == 100
    assert min(m.probability for m in kept) == 0.05


def test_marks_that_tie_with_the_101st_fall_away() -> None:
    candidates = [candidate(k, 0.9) for k in range(40)] + [candidate(k, 0.5) for k in range(80)]
    assert len(strongest_candidates(candidates)) == 40


def test_a_scan_of_equal_marks_keeps_none_beyond_a_hundred() -> None:
    assert match_scan([nodule(0)], [], [candidate(0, 0.5)] * 101).found_at == (None,)


def test_a_scan_without_anything_is_empty() -> None:
    result = match_scan([], [], [])
    assert (result.found_at, result.false_positives, result.strongest) == ((), (), None)
