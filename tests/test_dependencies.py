"""Versions: what may be installed, what is pinned, and what is known to be vulnerable.

There is no network in the tests. ``known_fixes.csv`` holds the first version in which each advisory
that concerned a package of ours is fixed; SECURITY.md says how it is kept.
"""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

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
    return Version(
        next(specifier.version for specifier in requirement.specifier if specifier.operator == ">=")
    )


def known_fixes() -> list[tuple[str, Version, str]]:
    with (ROOT / "tests" / "known_fixes.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [
        (canonicalize_name(row["package"]), Version(row["first_fixed"]), row["advisory"])
        for row in rows
    ]


def test_every_dependency_has_a_lower_bound_that_its_pin_meets() -> None:
    pinned = pins()
    unmet = []
    for requirement in declared():
        lower, pin = lower_bound(requirement), pinned.get(canonicalize_name(requirement.name))
        if pin is not None and not (lower <= pin and requirement.specifier.contains(pin)):
            unmet.append(f"{requirement}, pinned {pin}")
    assert unmet == []


def test_what_strangers_reach_is_not_installed_older_than_it_was_tested() -> None:
    pinned = pins()
    older = []
    for requirement in declared():
        name = canonicalize_name(requirement.name)
        if name in EXPOSED and lower_bound(requirement).release[:2] != pinned[name].release[:2]:
            older.append(f"{requirement}, tested with {pinned[name]}")
    assert older == []


def test_nothing_is_pinned_or_allowed_in_a_version_that_is_known_to_be_vulnerable() -> None:
    pinned = pins()
    bounds = [
        (canonicalize_name(requirement.name), lower_bound(requirement))
        for requirement in declared()
    ]
    vulnerable = [
        f"{name} {version}: {advisory}, fixed in {fixed}"
        for name, fixed, advisory in known_fixes()
        for version in (pinned[name], *(bound for other, bound in bounds if other == name))
        if version < fixed
    ]
    assert vulnerable == []


def test_all_that_is_named_as_exposed_is_declared() -> None:
    assert {canonicalize_name(requirement.name) for requirement in declared()} >= EXPOSED
