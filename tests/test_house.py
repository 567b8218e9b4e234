"""The house rules of the design, checked on every file."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("app", "medical", "models")  # from the top of the hill down
SOURCES = sorted(path for name in PACKAGES for path in (REPOSITORY / name).rglob("*.py"))

# Written in pieces: this file must not break its own rule.
MACHINE_PATHS = tuple(f"/{top}/" for top in ("work", "root"))
REGISTRY_HOSTS = tuple(
    re.compile(pattern)
    for pattern in (
        r"files\.python" + r"hosted\.org",
        r"(?<![\w.])pypi" + r"\.org/simple",
        r"registry\.npm" + r"js\.org",
        r"registry\.yarn" + r"pkg\.com",
        r"\"resolved\": \"http" + r"s?://",  # a lock file that remembers where a package came from
        r"arti" + r"factory",
        r"(?<![\w.])nex" + r"us\.",
    )
)


def identify(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Line, absolute module and imported names of every import, also of late ones."""
    package = path.relative_to(REPOSITORY).with_suffix("").parts[:-1]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ()
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *(node.module or "").split("."))).strip(".")
            yield node.lineno, module, tuple(alias.name for alias in node.names)


def tracked_texts() -> Iterator[tuple[str, str]]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of tracked files")
    for name in listed.stdout.decode().split("\0"):
        path = REPOSITORY / name
        if not name or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            yield name, data.decode("utf-8", errors="replace")


def own_modules(path: Path) -> set[str]:
    """Names under which this file holds modules of the three packages."""
    held = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            folder = REPOSITORY.joinpath(*node.module.split("."))
            for alias in node.names:
                if (folder / f"{alias.name}.py").is_file() or (folder / alias.name).is_dir():
                    held.add(alias.asname or alias.name)
        elif isinstance(node, ast.Import):
            held |= {
                alias.asname
                for alias in node.names
                if alias.asname and alias.name.split(".")[0] in PACKAGES
            }
    return held


def is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def test_all_three_packages_are_checked() -> None:
    assert {path.relative_to(REPOSITORY).parts[0] for path in SOURCES} == set(PACKAGES)


@pytest.mark.parametrize("path", SOURCES, ids=identify)
def test_imports_run_downhill(path: Path) -> None:
    own = PACKAGES.index(path.relative_to(REPOSITORY).parts[0])
    above = PACKAGES[:own]
    uphill = [
        f"line {line}: {module}"
        for line, module, _ in imports(path)
        if module.split(".")[0] in above
    ]
    assert not uphill


@pytest.mark.parametrize("path", SOURCES, ids=identify)
def test_no_print_outside_the_command_line(path: Path) -> None:
    if path.is_relative_to(REPOSITORY / "app" / "cli"):
        return
    lines = [
        node.lineno
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert not lines, f"print on lines {lines}"


@pytest.mark.parametrize("path", SOURCES, ids=identify)
def test_no_private_name_of_another_module_is_imported(path: Path) -> None:
    private = [
        f"line {line}: {module} {name}"
        for line, module, names in imports(path)
        if module.split(".")[0] in PACKAGES
        for name in (*module.split("."), *names)
        if is_private(name)
    ]
    assert not private


@pytest.mark.parametrize("path", SOURCES, ids=identify)
def test_no_fragment_runs_by_itself(path: Path) -> None:
    # it would lose what a reader just did: see app/web/components/watch
    assert "run_every" not in path.read_text("utf-8")


@pytest.mark.parametrize("path", SOURCES, ids=identify)
def test_no_private_attribute_of_an_imported_module_is_used(path: Path) -> None:
    modules = own_modules(path)
    uses = [
        f"line {node.lineno}: {node.value.id}.{node.attr}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in modules
        and is_private(node.attr)
    ]
    assert not uses


def test_no_machine_path_is_tracked() -> None:
    found = [
        f"{name}: {path}"
        for name, text in tracked_texts()
        for path in MACHINE_PATHS
        if path in text
    ]
    assert not found


def test_no_registry_host_is_tracked() -> None:
    found = [
        f"{name}: {match.group()}"
        for name, text in tracked_texts()
        for pattern in REGISTRY_HOSTS
        if (match := pattern.search(text))
    ]
    assert not found
