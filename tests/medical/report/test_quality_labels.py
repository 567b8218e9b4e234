"""Every note that the program can write has its Chinese."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from medical.counts import counted
from medical.report.words.quality_labels import quality_text

SOURCES = Path(__file__).parents[3] / "medical"


def sentence(node: ast.expr, count: int) -> str | None:
    """What a string in the source comes out as with ``count`` in each blank; ``None`` for none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(part, count) for part in node.values)
    return None


def _part(part: ast.expr, count: int) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    match part.value:
        case ast.Call(func=ast.Name(id="counted"), args=[_, *nouns]):
            return counted(count, *(ast.literal_eval(noun) for noun in nouns))
        case ast.IfExp(body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(many))):
            return one if count == 1 else many
    return str(count)


def notes() -> Iterator[tuple[str, str]]:
    """File and sentence of every message given to ``QualityNote``, by name or at once."""
    for path in sorted(SOURCES.rglob("*.py")):
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
            for count in (1, 3):
                if (text := sentence(node, count)) is not None:
                    yield path.name, text.replace(f"the {count} slice", "the 3 slice")


BLANKS = (
    ("the 3 slice", "the first and the last slice"),
    ("3 3 left out", "3 files were left out"),
    ("1 1 left out", "1 file was left out"),
    ("1 missing", "1 slice is missing"),
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
