"""What stands beside an attention map is what the benchmark's page says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from app.web.reading.attention_map_panel import FIGURES, LUNGS, MODEL, checks_lines

PAGE = (Path(__file__).parents[3] / "docs" / "benchmarks" / "explain.md").read_text()


def row(method: str) -> list[float]:
    """Findings, then the means, of a method's line on inserted nodules."""
    table = PAGE[PAGE.index("inserted nodules, ") : PAGE.index("real lesions, ")]
    (line,) = (line for line in table.splitlines() if line.startswith(f"{method} "))
    count = int(line[len(method) :].split()[0])
    means = re.findall(r"(-?\d\.\d\d) \[", line)
    return [count, *map(float, means)]


def test_the_figures_are_the_benchmark_s() -> None:
    count, pointing, _, energy, _, _, repeat, random_class, random_box = row("attention in mask")
    assert FIGURES.findings == count
    assert FIGURES.pointing == pointing
    assert FIGURES.energy == energy
    assert FIGURES.repeatability == repeat
    assert (FIGURES.random_class, FIGURES.random_box) == (random_class, random_box)
    _, pointing, _, energy, *_ = row("Gaussian at box")
    assert (FIGURES.gaussian_pointing, FIGURES.gaussian_energy) == (pointing, energy)


def test_model_and_number_of_lungs_are_the_benchmark_s() -> None:
    assert f"Weights {MODEL}" in " ".join(PAGE.split())
    assert LUNGS == 3
    assert "copies of three lungs not seen in training" in " ".join(PAGE.split())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_check_is_a_sentence(language: str, read_in: Callable[[str], None]) -> None:
    read_in(language)
    lines = checks_lines()
    assert len(lines) == 4
    assert f"{FIGURES.energy:.2f}" in lines[1]
