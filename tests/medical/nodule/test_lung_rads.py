"""Lung-RADS v2022: every line of the table, its boundaries, and what is missing."""

from __future__ import annotations

import math

import pytest

from medical.nodule.guidelines.lung_rads import ScreenedNodule, examination, lung_rads
from medical.nodule.guidelines.lung_rads_table import (
    SIZE_ROWS,
    SPECIAL_ROWS,
    VOLUME_MM3,
    Density,
    Status,
)
from medical.nodule.guidelines.rules import Fired, NotApplicable


def category(result: object) -> str:
    assert isinstance(result, Fired), result
    return result.category


SOLID: list[tuple[Status, float, str]] = [
    ("baseline", 5.9, "2"), ("baseline", 5.94, "2"), ("baseline", 5.95, "3"),
    ("baseline", 6.0, "3"), ("baseline", 7.9, "3"), ("baseline", 8.0, "4A"),
    ("baseline", 14.9, "4A"), ("baseline", 15.0, "4B"), ("new", 3.9, "2"), ("new", 4.0, "3"),
    ("new", 5.9, "3"), ("new", 6.0, "4A"), ("new", 7.9, "4A"), ("new", 8.0, "4B"),
    ("growing", 3.0, "4A"), ("growing", 7.9, "4A"), ("growing", 8.0, "4B"),
    ("slow-growing", 5.0, "4B"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "diameter", "expected"), SOLID)
def test_solid(status: Status, diameter: float, expected: str) -> None:
    nodule = ScreenedNodule(density="solid", status=status, diameter_mm=diameter)
    assert category(lung_rads(nodule)) == expected


@pytest.mark.parametrize(
    ("volume", "expected"),
    [(112, "2"), (113, "3"), (267, "3"), (268, "4A"), (1766, "4A"), (1767, "4B")],
)
def test_solid_by_volume(volume: float, expected: str) -> None:
    assert category(lung_rads(ScreenedNodule(density="solid", volume_mm3=volume))) == expected


PART_SOLID: list[tuple[Status, float, float | None, str]] = [
    ("baseline", 5.9, None, "2"), ("baseline", 6.0, 5.9, "3"), ("baseline", 6.5, 6.0, "4A"),
    ("baseline", 20.0, 7.9, "4A"), ("baseline", 20.0, 8.0, "4B"), ("new", 5.9, 3.0, "3"),
    ("new", 5.9, 4.0, "4B"), ("new", 6.0, 3.9, "4A"), ("new", 6.0, 4.0, "4B"),
    ("growing", 9.0, 3.9, "4A"), ("growing", 9.0, 4.0, "4B"), ("slow-growing", 9.0, None, "4B"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "total", "core", "expected"), PART_SOLID)
def test_part_solid(status: Status, total: float, core: float | None, expected: str) -> None:
    nodule = ScreenedNodule(
        density="part-solid", status=status, diameter_mm=total, solid_diameter_mm=core
    )
    assert category(lung_rads(nodule)) == expected


GROUND_GLASS: list[tuple[Status, float, str]] = [
    ("baseline", 29.9, "2"), ("new", 29.9, "2"), ("growing", 29.9, "2"), ("baseline", 30.0, "3"),
    ("new", 30.0, "3"), ("growing", 30.0, "3"), ("stable", 40.0, "2"), ("slow-growing", 40.0, "2"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "diameter", "expected"), GROUND_GLASS)
def test_ground_glass(status: Status, diameter: float, expected: str) -> None:
    nodule = ScreenedNodule(density="ground-glass", status=status, diameter_mm=diameter)
    assert category(lung_rads(nodule)) == expected


@pytest.mark.parametrize(("before", "after"), [("1", "1"), ("2", "2"), ("3", "2"), ("4A", "3")])
def test_stable_nodules_step_down(before: str, after: str) -> None:
    nodule = ScreenedNodule(density="solid", status="stable", prior_category=before)
    assert category(lung_rads(nodule)) == after


@pytest.mark.parametrize("row", SPECIAL_ROWS, ids=lambda row: row.text)
def test_every_line_about_airways_and_cysts(row: object) -> None:
    from medical.nodule.guidelines.lung_rads_table import SpecialRow

    assert isinstance(row, SpecialRow)
    for status in row.statuses:
        fired = lung_rads(ScreenedNodule(special=row.special, status=status))
        assert fired == Fired(
            row.category, row.text, f"ACR Lung-RADS v2022, category {row.category}"
        )


def test_every_size_line_can_fire() -> None:
    sizes = (1, 3, 4, 5, 6, 7, 8, 10, 15, 30)
    fired = set()
    for row in SIZE_ROWS:
        for status in row.statuses:
            for total in sizes:
                for core in sizes:
                    ruling = lung_rads(
                        ScreenedNodule(
                            density=row.density,
                            status=status,
                            diameter_mm=total,
                            solid_diameter_mm=core if row.density == "part-solid" else None,
                        )
                    )
                    fired.add(ruling.rule if isinstance(ruling, Fired) else "")
    assert fired >= {row.text for row in SIZE_ROWS}


@pytest.mark.parametrize("density", ["solid", "ground-glass"])
@pytest.mark.parametrize("status", ["baseline", "new", "growing"])
def test_exactly_one_line_holds_at_every_size(density: Density, status: Status) -> None:
    for tenth in range(10, 400):
        holding = [
            row
            for row in SIZE_ROWS
            if row.density == density
            and status in row.statuses
            and all(b.low_mm <= tenth / 10 < b.high_mm for b in row.bounds)
        ]
        assert len(holding) == 1, (tenth / 10, holding)


@pytest.mark.parametrize(("diameter", "volume"), VOLUME_MM3.items())
def test_volumes_are_those_of_balls(diameter: float, volume: float) -> None:
    assert volume == pytest.approx(math.pi / 6 * diameter**3, abs=1)


def test_juxtapleural_up_to_ten_millimetres() -> None:
    for diameter, expected in ((9.9, "2"), (10.0, "4A")):
        nodule = ScreenedNodule(density="solid", diameter_mm=diameter, juxtapleural=True)
        assert category(lung_rads(nodule)) == expected


def test_suspicious_features_raise_3_and_4_only() -> None:
    for diameter, expected in ((5.0, "2"), (6.0, "4X"), (15.0, "4X")):
        nodule = ScreenedNodule(density="solid", diameter_mm=diameter, suspicious=True)
        assert category(lung_rads(nodule)) == expected


def test_benign_nodules_are_category_1() -> None:
    assert category(lung_rads(ScreenedNodule(benign=True, diameter_mm=20))) == "1"


@pytest.mark.parametrize(
    ("nodule", "missing"),
    [
        (ScreenedNodule(diameter_mm=5), ("density",)),
        (ScreenedNodule(density="solid"), ("diameter",)),
        (ScreenedNodule(density="part-solid", diameter_mm=7), ("diameter of the solid component",)),
        (ScreenedNodule(density="solid", status="stable", diameter_mm=7), ("prior category",)),
        (
            ScreenedNodule(density="solid", status="stable", prior_category="4B"),
            ("result of the diagnostic work-up",),
        ),
    ],
)
def test_names_what_is_missing(nodule: ScreenedNodule, missing: tuple[str, ...]) -> None:
    result = lung_rads(nodule)
    assert isinstance(result, NotApplicable)
    assert result.missing == missing


def test_the_examination_takes_its_most_suspicious_nodule() -> None:
    fired = [Fired(name, "", "") for name in ("2", "4B", "3", "4A")]
    assert examination(fired).category == "4B"
    assert examination([]).category == "1"


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan, math.inf])
def test_refuses_sizes_that_no_nodule_has(size: float) -> None:
    with pytest.raises(ValueError, match="diameter_mm must be a positive number"):
        ScreenedNodule(density="solid", diameter_mm=size)
