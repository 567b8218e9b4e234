"""Counts in sentences are right for one thing as for many, in code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from medical.plain_text import counted

ROOT = Path(__file__).parents[1]
SINGULAR = {"is", "was", "has", "pass", "series", "goes", "this", "does"}
_PLURAL = re.compile(r"^ (?:[A-Z]+ |more |other |whole |duplicate |held-out )?([a-z]{3,}s)\b")
MORE_THAN_ONE = {
    "medical/scoring/batches/batch.py",  # frames of reference, asked for two and more
    "medical/intake.py",  # failures, of which one alone is told itself
    "medical/dicom/stacking/stack.py",  # slices at one place, ten and more
    "models/distributed/compression/values.py",  # for programmers
    "models/distributed/compression/selection.py",  # the same
    "medical/dicom/stacking/one_stack.py",  # stacks, two and more
}


@pytest.mark.parametrize(("count", "text"), [(0, "0 maps"), (1, "1 map"), (2, "2 maps")])
def test_a_count_and_its_noun(count: int, text: str) -> None:
    assert counted(count, "map") == text


def test_a_count_and_its_verb() -> None:
    assert counted(1, "entry is", "entries are") == "1 entry is"
    assert counted(3, "entry is", "entries are") == "3 entries are"


def counts_with_plural(path: Path) -> Iterator[str]:
    """Counts in f-strings that are followed by a plural, whatever they are."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, after in zip(node.values, node.values[1:], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            expression = ast.unparse(value.value)
            is_count = expression.startswith("len(") or re.search(
                r"count$|(scans|nodules|cts|slices)$", expression
            )
            matches = _PLURAL.match(str(after.value))
            if is_count and matches and matches[1] not in SINGULAR:
                yield f"{{{expression}}}{after.value}"


def test_no_f_string_speaks_of_one_things() -> None:
    matches = {
        f"{path.relative_to(ROOT)}: {expression}"
        for folder in ("app", "medical", "models")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in MORE_THAN_ONE
        for expression in counts_with_plural(path)
    }
    assert matches == set()
