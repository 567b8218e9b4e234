"""Copies of a lung do not count as lungs, and maps are compared finding by finding."""

from __future__ import annotations

import numpy as np
import pytest

from medical.explain.checks.table import CheckedMap, figure
from medical.explain.methods import SHOWN
from medical.explain.subject import Crop
from medical.geometry import VolumeGeometry
from tests.benchmarks.explain.drawing import chosen_to_draw
from tests.benchmarks.explain.findings import Case
from tests.benchmarks.explain.rows import GAUSSIAN, Rows, by_lung, difference, report

ENERGIES = {"a+1": 0.9, "a+2": 0.8, "b+1": 0.5, "b+2": 0.3}
"""Of the shown map, by copy of a lung."""


def row(scan: str, method: str, energy: float) -> CheckedMap:
    return CheckedMap(scan, method, 1.0, 1.0, energy, 0.7, 0.2, 0.9, 0.1, 0.2, 1.0)


@pytest.fixture
def rows() -> Rows:
    made: Rows = {}
    for scan, energy in ENERGIES.items():
        made[f"{scan}#1", SHOWN] = (False, row(scan, SHOWN, energy))
        made[f"{scan}#1", GAUSSIAN] = (False, row(scan, GAUSSIAN, energy - 0.1))
    made["c#real0", SHOWN] = (True, row("c", SHOWN, 0.0))
    made["c#real0", GAUSSIAN] = (True, row("c", GAUSSIAN, 1.0))
    return made


def test_intervals_redraw_lungs(rows: Rows) -> None:
    inserted = [each for real, each in rows.values() if not real and each.method == SHOWN]
    by_lungs = figure(by_lung(inserted), "energy")
    assert (by_lungs.low, by_lungs.high) == pytest.approx((0.4, 0.85))  # lung b alone, a alone
    assert by_lungs.mean == figure(inserted, "energy").mean


def test_a_difference_pairs_findings_and_leaves_real_lesions_out(rows: Rows) -> None:
    apart = difference(dict(reversed(rows.items())), SHOWN, GAUSSIAN, "energy")
    assert (apart.mean, apart.low, apart.high) == pytest.approx((0.1, 0.1, 0.1))


def test_the_report_counts_lungs_and_names_the_verdict(
    rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    result = report(rows)
    printed = capsys.readouterr().out
    assert "inserted nodules, 2 lungs" in printed
    assert f"{SHOWN} less {GAUSSIAN}: pointing 0.00 [0.00, 0.00], energy 0.10" in printed
    assert "passes randomisation (SSIM 0.20" in printed
    assert (result["findings"], result["energy"]) == (4, 0.625)


def test_a_map_that_survives_random_weights_fails(
    rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    alike = CheckedMap("a+1", SHOWN, 1.0, 1.0, 0.9, 0.7, 0.2, 0.9, 0.1, 2.0, 1.0)
    report({**rows, ("a+1#1", SHOWN): (False, alike)})
    assert f"{SHOWN}: FAILS randomisation" in capsys.readouterr().out


def test_the_worst_and_the_best_are_drawn(rows: Rows) -> None:
    geometry = VolumeGeometry.axial(shape=(16, 16, 16), spacing_mm=(1.0, 1.0, 1.0))
    crop = Crop(np.zeros((16, 16, 16), np.float32), geometry, (8.0, 8.0, 8.0), 6.0)
    cases = [
        Case(name, each.scan, real, crop, np.ones((16, 16, 16), bool))
        for (name, method), (real, each) in rows.items()
        if method == SHOWN
    ]
    names = [case.name for case in chosen_to_draw(cases, rows)]
    assert names[0] == "c#real0"
    assert (names[1], names[-1]) == ("b+2#1", "a+1#1")
