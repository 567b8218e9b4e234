"""The figures of docs/benchmarks/explain.md that stand beside an attention map.

``FIGURES`` holds what that benchmark printed for "attention in mask" on inserted nodules; a test
compares it with the page, so that a new run of the benchmark cannot leave old figures here.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.web.words import gettext

LUNGS = 3


@dataclass(frozen=True, slots=True)
class MapChecks:
    """Means over findings, shares from 0 to 1; ``gaussian_*`` of a Gaussian at the box."""

    findings: int
    pointing: float
    gaussian_pointing: float
    energy: float
    gaussian_energy: float
    repeatability: float
    random_class: float
    random_box: float


FIGURES = MapChecks(
    findings=24,
    pointing=1.00,
    gaussian_pointing=0.96,
    energy=0.80,
    gaussian_energy=0.64,
    repeatability=0.97,
    random_class=0.05,
    random_box=0.10,
)


def checks_lines() -> list[str]:
    """One sentence a check."""
    f = FIGURES
    return [
        gettext(
            "strongest voxel lies on the nodule: {value} (a plain Gaussian at the box: {baseline})",
            value=f"{f.pointing:.2f}",
            baseline=f"{f.gaussian_pointing:.2f}",
        ),
        gettext(
            "share of the map inside the nodule: {value} (Gaussian: {baseline})",
            value=f"{f.energy:.2f}",
            baseline=f"{f.gaussian_energy:.2f}",
        ),
        gettext(
            "similarity to the map of a network with random weights: {value} for the "
            "score, {box} for the size (must be below 0.5)",
            value=f"{f.random_class:.2f}",
            box=f"{f.random_box:.2f}",
        ),
        gettext(
            "similarity to itself after noise and a shift: {value}", value=f"{f.repeatability:.2f}"
        ),
    ]
