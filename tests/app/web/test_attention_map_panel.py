"""What stands beside an attention map is what the benchmark's page says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from app.web.reading.attention_map_panel import FIGURES, LUNGS, MODEL, WEIGHTS, checks_lines
from medical.explain.checks.stability import PASSES_BELOW
from models.zoo.loader import DEFAULT_MODEL, find_model

PAGE = (Path(__file__).parents[3] / "docs" / "benchmarks" / "explain.md").read_text()


def cells(method: str) -> list[str]:
    """Findings, then "mean [low, high]" of each check, of a method's line on inserted nodules."""
    table = PAGE[PAGE.index("inserted nodules, ") : PAGE.index("real lesions, ")]
    (line,) = (line for line in table.splitlines() if re.match(rf"{re.escape(method)} +\d", line))
    count = line[len(method) :].split()[0]
    return [count, *re.findall(r"-?\d\.\d\d \[[^]]+\]", line)]


def test_the_figures_are_the_benchmark_s() -> None:
    count, pointing, _, energy, *changes, repeat, random_class, random_box = cells(
        "attention in mask"
    )
    assert str(FIGURES.findings) == count
    assert f"{FIGURES.pointing / FIGURES.findings:.2f}" == pointing.split()[0]
    assert str(FIGURES.energy) == energy
    assert [str(FIGURES.insertion), str(FIGURES.deletion)] == changes
    assert str(FIGURES.repeatability) == repeat
    assert (str(FIGURES.random_class), str(FIGURES.random_box)) == (random_class, random_box)


def test_what_it_is_compared_with_is_the_benchmark_s() -> None:
    count, pointing, _, energy, insertion, deletion, *_ = cells("Gaussian at box")
    assert str(FIGURES.findings) == count
    assert f"{FIGURES.gaussian_pointing / FIGURES.findings:.2f}" == pointing.split()[0]
    assert str(FIGURES.gaussian_energy) == energy
    assert str(FIGURES.gaussian_insertion) == insertion
    assert str(FIGURES.gaussian_deletion) == deletion
    assert str(FIGURES.gate_energy) == cells("attention")[3]


def test_model_and_number_of_lungs_are_the_benchmark_s() -> None:
    assert f"Weights {MODEL}" in " ".join(PAGE.split())
    assert f"(`weights.safetensors` {WEIGHTS})" in PAGE
    assert f"inserted nodules, {LUNGS} lungs" in PAGE


def test_the_default_s_weights_are_those_that_were_measured() -> None:
    card = find_model(DEFAULT_MODEL).card
    assert card.name == MODEL
    assert card.sha256.startswith(WEIGHTS)


def test_the_words_are_those_for_such_figures() -> None:
    assert max(FIGURES.random_class.mean, FIGURES.random_box.mean) < PASSES_BELOW
    assert FIGURES.energy.low > FIGURES.gaussian_energy.high
    assert FIGURES.pointing >= FIGURES.gaussian_pointing
    differences = re.search(
        r"^attention in mask less Gaussian at box: .*"
        r"insertion \S+ \[(\S+), \S+\], deletion \S+ \[\S+, (\S+)\]$",
        PAGE,
        re.MULTILINE,
    )
    assert differences is not None
    worst_insertion, worst_deletion = map(float, differences.groups())
    assert worst_insertion <= 0 <= worst_deletion, "clearly better: say so beside the map"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_check_is_a_sentence_with_its_interval(
    language: str, read_in: Callable[[str], None]
) -> None:
    read_in(language)
    lines = checks_lines()
    assert len(lines) == 5
    assert all("[" in line for line in lines)
    assert str(FIGURES.energy) in lines[1]
    assert str(FIGURES.gate_energy) in lines[1]
