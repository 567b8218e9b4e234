"""Every note that the program can write has its Chinese."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from medical.report.quality_labels import quality_text

SOURCES = Path(__file__).parents[3] / "medical"


def sentence(node: ast.expr) -> str | None:
    """What a string in the source comes out as, with 3 in each blank; ``None`` for no string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [sentence(part) if isinstance(part, ast.Constant) else "3" for part in node.values]
        return "".join(part or "" for part in parts)
    return None


def notes() -> Iterator[tuple[str, str]]:
    """File and sentence of every message given to ``QualityNote``, by name or at once."""
    for path in sorted([*SOURCES.glob("dicom/*.py"), *SOURCES.glob("ct/*.py")]):
        tree = ast.parse(path.read_text("utf-8"))
        calls = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "QualityNote"
        ]
        if not calls:
            continue
        named = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == "message" for t in node.targets)
        ]
        for node in [*(call.args[2] for call in calls if len(call.args) > 2), *named]:
            text = sentence(node)
            if text is not None:
                yield path.name, text


BLANKS = (
    ("the 3 slice", "the first and the last slice"),
    ("3 3 left out", "3 files were left out"),
    ("3 missing", "3 slices are missing"),
)
"""Blanks that stand for words."""
FOUND = sorted(set(notes()))


def test_the_sources_are_read() -> None:
    assert len(FOUND) > 15


@pytest.mark.parametrize(("file", "text"), FOUND)
def test_a_note_has_its_chinese(file: str, text: str) -> None:
    for blank, words in BLANKS:
        text = text.replace(blank, words)
    assert quality_text(text, chinese=True) != text, (file, text)
