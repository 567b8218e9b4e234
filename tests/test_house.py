"""What the house asks of the code and no tool of `make check` looks at.

Each test lists all offenders at once. An exception that is no longer one fails too: delete it then.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("app", "medical", "models")
SOURCES = sorted(path for name in PACKAGES for path in (REPOSITORY / name).rglob("*.py"))

LONG_FUNCTIONS = {
    "app/web/reading/guideline_panel.py:_examination_fields",
    "medical/training/adapting/publish.py:choose_adapted_model",
}

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


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def lines_of_body(function: ast.FunctionDef) -> int:
    """Lines of a function below its docstring."""
    first = function.body[bool(ast.get_docstring(function)) :][:1]
    return (function.end_lineno or 0) - first[0].lineno + 1 if first else 0


def is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def test_all_three_packages_are_checked() -> None:
    assert {path.relative_to(REPOSITORY).parts[0] for path in SOURCES} == set(PACKAGES)


def test_no_private_name_of_another_module_is_imported() -> None:
    private = [
        f"{name_of(path)}:{line}: {module} {name}"
        for path in SOURCES
        for line, module, names in imports(path)
        if module.split(".")[0] in PACKAGES
        for name in (*module.split("."), *names)
        if is_private(name)
    ]
    assert not private


def test_no_fragment_runs_by_itself() -> None:
    # it would lose what a reader just did: see app/web/components/watch
    assert not [name_of(path) for path in SOURCES if "run_every" in path.read_text("utf-8")]


def test_no_file_is_too_long_to_grasp() -> None:
    long = {name_of(path) for path in SOURCES if len(path.read_text("utf-8").splitlines()) > 300}
    assert long == set()


def test_every_function_fits_a_screen() -> None:
    long = {
        f"{name_of(path)}:{node.name}"
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and lines_of_body(node) > 50
    }
    assert long == LONG_FUNCTIONS


def test_no_folder_holds_more_than_a_newcomer_can_overlook() -> None:
    files = Counter(name_of(path.parent) for path in SOURCES)
    assert {folder for folder, count in files.items() if count > 15} == set()


def test_no_machine_path_is_tracked() -> None:
    result = [
        f"{name}: {path}"
        for name, text in tracked_texts()
        for path in MACHINE_PATHS
        if path in text
    ]
    assert not result


def test_no_registry_host_is_tracked() -> None:
    result = [
        f"{name}: {match.group()}"
        for name, text in tracked_texts()
        for pattern in REGISTRY_HOSTS
        if (match := pattern.search(text))
    ]
    assert not result
