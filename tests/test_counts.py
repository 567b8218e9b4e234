"""Counts in sentences are right for one thing as for many, in catalogues and in code."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.web.words import CATALOGUE as PAGE
from app.web.words import Words
from medical.counts import counted, fill
from medical.ct.quality import files_note
from medical.report.words.labels import WORDS as REPORT
from medical.report.words.labels import Labels
from medical.report.words.quality_labels import quality_text

ROOT = Path(__file__).parents[1]
SINGULAR = {"is", "was", "has", "pass", "series", "goes", "this", "does"}
_ONE = re.compile(r"(?<![\d.,])1 (?:[A-Z]+ |[a-z]+-[a-z]+ )?([a-z]{2,}s)\b")
_PLURAL = re.compile(r"^ (?:[A-Z]+ |more |other |whole |duplicate |held-out )?([a-z]{3,}s)\b")
MORE_THAN_ONE = {
    "medical/scoring/batch.py",  # frames of reference, asked for two and more
    "medical/io/left_over.py",  # failures, of which one alone is told itself
    "medical/dicom/stacking/stack.py",  # slices at one place, ten and more
    "models/distributed/compression/values.py",  # for programmers
    "models/distributed/compression/selection.py",  # the same
    "medical/dicom/stacking/overlapping.py",  # stacks, two and more
}


@pytest.mark.parametrize(("count", "text"), [(0, "0 maps"), (1, "1 map"), (2, "2 maps")])
def test_a_count_and_its_noun(count: int, text: str) -> None:
    assert counted(count, "map") == text


def test_a_count_and_its_verb() -> None:
    assert counted(1, "entry is", "entries are") == "1 entry is"
    assert counted(3, "entry is", "entries are") == "3 entries are"


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1 day"), (2, "2 days"), ("1", "1 day"), ("1,000", "1,000 days"), (0, "0 days")],
)
def test_a_catalogue_word_by_its_count(value: object, text: str) -> None:
    assert fill("{n} {n:day|days}", n=value) == text


def test_a_length_that_is_shown_as_one_is_one() -> None:
    assert fill("{n:.0f} {n:day|days}", n=1.2) == "1 day"
    assert fill("{n:.1f} mm", n=1.25) == "1.2 mm"


def test_no_catalogue_sentence_speaks_of_one_things() -> None:
    wrong = []
    for text, _ in (*PAGE.values(), *REPORT.values()):
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        filled = fill(text, **dict.fromkeys(names, 1))
        wrong += [filled for noun in _ONE.findall(filled) if noun not in SINGULAR]
    assert wrong == []


def test_the_instances_in_both_languages() -> None:
    assert Words("en")("prior_days", days=1) == "1 day earlier"
    assert Words("zh")("prior_days", days=1) == "早 1 天"
    assert Labels("en")("days_by_dates", days=1) == "1 day earlier."
    assert Words("en")("trail_whole", count=1, hash="x").startswith("1 entry, whole")


@pytest.mark.parametrize(
    "message",
    [
        "1 duplicate slice at a position already read was left out.",
        "1 slice with another size was left out of the series; 1 slice was read.",
        "1 frame without a position in the patient was left out.",
        "1 slice that lies beside the stack was left out; 40 slices were read.",
        "1 position holds two different images, and nothing in their headers says more.",
        "1 of 40 images of this series that the DICOMDIR names is not there: that part.",
        "Only 1 slice covering 2 mm: parts of the lungs may be missing.",
        files_note("truncated_files", "damaged or cut short", [Path("a")]).message,
    ],
)
def test_a_note_on_one_thing_has_its_chinese(message: str) -> None:
    assert quality_text(message, chinese=True) != message


def counts_with_plural(path: Path) -> Iterator[str]:
    """Counts in f-strings that are followed by a plural, whatever they are."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, after in zip(node.values, node.values[1:], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            said = ast.unparse(value.value)
            is_count = said.startswith("len(") or re.search(
                r"count$|(scans|nodules|cts|slices)$", said
            )
            found = _PLURAL.match(str(after.value))
            if is_count and found and found[1] not in SINGULAR:
                yield f"{{{said}}}{after.value}"


def test_no_f_string_speaks_of_one_things() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {said}"
        for folder in ("app", "medical", "models")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in MORE_THAN_ONE
        for said in counts_with_plural(path)
    }
    assert found == set()
