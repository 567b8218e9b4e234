"""Versions: what may be installed, what is pinned, and what is known to be vulnerable.

There is no network in the tests. ``known_fixes.csv`` holds the first version in which each advisory
that concerned a package of ours is fixed; SECURITY.md says how it is kept.
"""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
EXPOSED = {
    *("pydicom", "pylibjpeg", "pyjpegls", "nibabel", "simpleitk", "highdicom", "numpy", "pillow"),
    *("streamlit", "starlette", "uvicorn", "authlib", "httpx", "sqlalchemy", "pydantic"),
    *("safetensors", "torch", "monai", "psycopg", "pydantic-settings"),
}
"""What strangers' bytes reach: files, requests, logins, weights, the database."""


def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text().split()
    pairs = (line.split("==") for line in lines)
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = project["optional-dependencies"].values()
    texts = [*project["dependencies"], *(text for group in groups for text in group)]
    return [Requirement(text) for text in texts]


def lower_bound(requirement: Requirement) -> Version:
    return Version(next(one.version for one in requirement.specifier if one.operator == ">="))


def known_fixes() -> list[tuple[str, Version, str]]:
    with (ROOT / "tests" / "known_fixes.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [
        (canonicalize_name(row["package"]), Version(row["first_fixed"]), row["advisory"])
        for row in rows
    ]


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_every_dependency_has_a_lower_bound_that_its_pin_meets(requirement: Requirement) -> None:
    pin = pins().get(canonicalize_name(requirement.name))
    assert lower_bound(requirement) <= (pin or lower_bound(requirement))
    assert pin is None or requirement.specifier.contains(pin)


@pytest.mark.parametrize(
    "requirement",
    [one for one in declared() if canonicalize_name(one.name) in EXPOSED],
    ids=str,
)
def test_what_strangers_reach_is_not_installed_older_than_it_was_tested(
    requirement: Requirement,
) -> None:
    pin = pins()[canonicalize_name(requirement.name)]
    assert lower_bound(requirement).release[:2] == pin.release[:2]


@pytest.mark.parametrize(("name", "fixed", "advisory"), known_fixes())
def test_nothing_is_pinned_or_allowed_in_a_version_that_is_known_to_be_vulnerable(
    name: str, fixed: Version, advisory: str
) -> None:
    assert pins()[name] >= fixed, advisory
    for requirement in declared():
        if canonicalize_name(requirement.name) == name:
            assert lower_bound(requirement) >= fixed, advisory


def test_all_that_is_named_as_exposed_is_declared() -> None:
    assert {canonicalize_name(one.name) for one in declared()} >= EXPOSED
