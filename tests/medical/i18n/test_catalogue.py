"""The catalogue holds what the sources say, all of it in Chinese, and nothing else."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from medical.i18n.catalogue import PO_FILE, recognize, translate
from medical.i18n.extract import texts_in_sources
from medical.i18n.messages import Message

ROOT = Path(__file__).parents[3]
NAMES = {"FROC", "Lung-RADS v2022: {reason}.", "Lung-RADS v2022 ({kind}): {result}."}
"""Texts without a word to translate."""
SAYS_LITTLE = 12
"""Letters; a shorter text with blanks may stand for another when only its English is known."""
SINGULAR = {"is", "was", "has", "pass", "series", "goes", "this", "does", "lies"}
MORE_THAN_ONE = (
    "The series holds {stacks} stacks",
    "The series is in {parts} parts",
    "a volume of {size} voxels",
    "a zip inside {depth} other zips",
    "all {count} slices claim",
    "holds nothing that can be used; {count} files",
    "the slices name {count} frames",
    "the zip holds more than {limit} files",
    "{bits} bits per pixel",
    "{count} workers",
)
"""Texts that are said of two and more only."""
_ONE = re.compile(r"(?<![\d.,])1 (?:[A-Z]+ |[a-z]+-[a-z]+ )?([a-z]{2,}s)\b")


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with PO_FILE.open("rb") as file:
        return read_po(file, locale="zh")


@pytest.fixture(scope="module")
def known_texts() -> set[str | tuple[str, ...]]:
    return {entry.id for entry in texts_in_sources() if entry.id}


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def blanks(text: str) -> set[tuple[str, str]]:
    """Names and formats of a text's blanks."""
    return {(name, form or "") for _, name, form, _ in string.Formatter().parse(text) if name}


def filled(text: str, *, plural: str = "") -> Message:
    """The text with something of the right kind in each blank."""
    values: dict[str, object] = {
        name: (2 if form[-1:] in ("d", ",") else 2.0) if form or name == "count" else f"<{name}>"
        for name, form in blanks(text)
    }
    if "count" in values:
        values["count"] = 2
    return Message.made_of(text, values, plural=plural)


def test_every_text_of_the_sources_is_in_the_catalogue(
    catalogue: Catalog, known_texts: set[str | tuple[str, ...]]
) -> None:
    assert len(known_texts) > 400
    assert sorted(map(str, known_texts - {entry.id for entry in catalogue})) == []


def test_no_text_of_the_catalogue_is_unused(
    catalogue: Catalog, known_texts: set[str | tuple[str, ...]]
) -> None:
    assert (
        sorted(str(entry.id) for entry in catalogue if entry.id and entry.id not in known_texts)
        == []
    )


def test_every_text_has_its_chinese_with_the_same_blanks(catalogue: Catalog) -> None:
    wrong = [
        entry.id
        for entry in catalogue
        if entry.id
        and {name for name, _ in blanks("".join(forms(entry.string)))}
        != {name for name, _ in blanks("".join(forms(entry.id)))}
    ]
    assert wrong == []
    assert [entry.id for entry in catalogue if entry.id and not all(forms(entry.string))] == []


def test_every_blank_has_the_same_format(catalogue: Catalog) -> None:
    assert [
        entry.id
        for entry in catalogue
        if entry.id and blanks(forms(entry.string)[0]) != blanks(forms(entry.id)[-1])
    ] == []


def test_chinese_is_chinese(catalogue: Catalog) -> None:
    assert [
        entry.id
        for entry in catalogue
        if re.search(r"[A-Za-z]{3}", re.sub(r"{.*?}", "", "".join(forms(entry.id))))
        and forms(entry.id)[0] not in NAMES
        and not re.search("[\u4e00-\u9fff]", forms(entry.string)[0])
    ] == []


def test_a_finding_has_one_chinese_word(catalogue: Catalog) -> None:
    translations = {form for entry in catalogue if entry.id for form in forms(entry.string)}
    assert {form for form in translations if "所见" in form} == {
        "StarNet 所见的内容已不在"
    }  # what it saw
    assert any("发现" in form for form in translations)


def test_what_is_counted_has_a_singular_and_a_plural(catalogue: Catalog) -> None:
    alike = [
        entry.id
        for entry in catalogue
        if entry.id and len(set(forms(entry.id))) != len(forms(entry.id))
    ]
    assert alike == []


def test_no_sentence_speaks_of_one_things(catalogue: Catalog) -> None:
    wrong = []
    for entry in catalogue:
        text = forms(entry.id)[0] if entry.id else ""
        if text.startswith(MORE_THAN_ONE):
            continue
        sample = re.sub(r"{\w+}", "1", re.sub(r"{\w+:.*?}", "1.0", text))
        wrong += [sample for noun in _ONE.findall(sample) if noun not in SINGULAR]
    assert wrong == []


def test_a_kept_sentence_is_found_again(catalogue: Catalog) -> None:
    lost = []
    for entry in catalogue:
        text, plural = (*forms(entry.id), "")[:2] if entry.id else ("", "")
        letters = sum(len(literal) for literal, *_ in string.Formatter().parse(text))
        if not text or (blanks(text) and letters < SAYS_LITTLE):
            continue
        made = filled(text, plural=plural)
        if translate(str(made), "zh") != translate(made, "zh"):
            lost.append((made, recognize(str(made))))
    assert lost == []


def test_the_catalogue_is_part_of_the_package() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (pattern,) = declared["tool"]["setuptools"]["package-data"]["medical.i18n"]
    assert PO_FILE in (ROOT / "medical" / "i18n").glob(pattern)
