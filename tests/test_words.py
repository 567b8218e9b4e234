"""Words that the glossary has retired come back neither in names nor in sentences."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

GLOSSARY = REPOSITORY / "docs" / "glossary.md"
PACKAGES = ("app", "medical", "models")
OTHER_MEANING = {
    "mark": {"app/cli/doctor.py: mark"},  # a tick or a cross
    "chunk": {  # bytes of a file or of a response
        "app/web/routes/volumes.py: chunk_size",
        "medical/files.py: chunk",
        "medical/files.py: _CHUNK_BYTES",
        "medical/io/archive.py: chunk",
        "medical/io/archive.py: CHUNK_BYTES",
        "medical/io/pixels.py: _CHUNK_BYTES",
    },
    "passes": {  # a check
        "medical/explain/checks/stability.py: PASSES_BELOW",
    },
    "bent": {"medical/synthesis/phantom/fields.py: bent"},  # coordinates
    "spread": {"medical/synthesis/phantom/trees.py: _spread"},  # branches, in space
}
"""Names that mean something else."""

NAMES_ONLY = {"passes", "spread", "fake", "chunk", "crossing", "bent", "reader", "mark", "smear"}
"""Ordinary English in a sentence, retired as names only."""


def retired_words() -> list[str]:
    """The last column of the glossary's table."""
    rows = [
        line.split("|")[1:-1] for line in GLOSSARY.read_text("utf-8").splitlines() if "|" in line
    ]
    return [word.strip() for row in rows[2:] for word in row[2].split(",") if word.strip()]


@cache
def names_in(path: Path) -> frozenset[str]:
    """The module's name and every identifier that it defines."""
    return frozenset({path.stem, *_defined_in(path)})


def _defined_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


@cache
def words_of(name: str) -> list[str]:
    """``SecondLook`` and ``second_looks`` are second and look."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_")
    return [part.removesuffix("s") if len(part) > 3 else part for part in parts if part]


@cache
def modules() -> list[Path]:
    return [path for name in PACKAGES for path in sorted((REPOSITORY / name).rglob("*.py"))
            if "node_modules" not in path.parts]  # fmt: skip


def test_there_are_words_and_modules_to_look_through() -> None:
    assert len(retired_words()) > 15
    assert len(modules()) > 200


@pytest.mark.parametrize("word", sorted(set(retired_words()) - {"reader"}))
def test_no_name_has_a_retired_word(word: str) -> None:
    wanted = words_of(word.replace(" ", "_").replace("-", "_"))
    where = []
    for path in modules():
        for name in names_in(path):
            parts = words_of(name)
            windows = (parts[at : at + len(wanted)] for at in range(len(parts)))
            if any(window == wanted for window in windows):
                where.append(f"{path.relative_to(REPOSITORY)}: {name}")
    assert sorted(set(where) - OTHER_MEANING.get(word, set())) == []


def sentences() -> Iterator[tuple[Path, str]]:
    """Pages of the docs but the glossary itself, and what users read."""
    pages = [REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")]
    yield from ((page, page.read_text("utf-8")) for page in pages if page != GLOSSARY)
    for catalogue in (REPOSITORY / "app").rglob("*.po"):
        yield catalogue, catalogue.read_text("utf-8")
    for catalogue in (REPOSITORY / "medical").rglob("*.po"):
        yield catalogue, catalogue.read_text("utf-8")


@pytest.mark.parametrize("word", sorted(set(retired_words()) - NAMES_ONLY))
def test_no_sentence_has_a_retired_word(word: str) -> None:
    pattern = re.compile(rf"\b{re.escape(word)}(e?s)?\b", re.IGNORECASE)
    where = [
        f"{path.relative_to(REPOSITORY)}: {line.strip()[:90]}"
        for path, text in sentences()
        for line in text.splitlines()
        if pattern.search(line)
    ]
    assert where == []


NO_NOUNS = {"one", "said", "told", "found", "mine", "kept", "ours", "theirs", "hybrids", "marks"}
"""Variables that do not say what they hold."""
FIELDS = {"found", "marks"}
"""Formats' own fields: ``evaluation.json`` counts nodules found, benchmarks' files hold marks."""


def variables_in(path: Path) -> Iterator[str]:
    """Every variable and parameter of a module that is no field of a class."""
    tree = ast.parse(path.read_text("utf-8"))
    fields = {
        line.target
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for line in node.body
        if isinstance(line, ast.AnnAssign)
    }
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) if node not in fields or name not in FIELDS:
                yield name


def test_a_variable_says_what_it_holds() -> None:
    where = [
        f"{path.relative_to(REPOSITORY)}: {name}"
        for path in [*modules(), *sorted((REPOSITORY / "tests").rglob("*.py"))]
        for name in variables_in(path)
        if name in NO_NOUNS
    ]
    assert where == []
