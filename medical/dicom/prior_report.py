"""The words of a radiologist's report (DICOM SR) that lies beside a CT, for StarNet to read.

Everything in the file is a stranger's: size, depth and count of what is walked are limited, what is
not understood is passed by, and control characters go. A report is read only if its patient number
is the CT's and nothing in either header tells the two apart, and if it is not of a later day. The
patient's names and number are taken out as either header writes them; people may have written them
otherwise. Which sentence says most of a nodule comes first: StarNet reads the head of a text.

Standard:
    PS3.3 A.35.1 to A.35.3 (Basic Text, Enhanced and Comprehensive SR), C.17.3 (content tree).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.tag import Tag

from medical.dicom.header import tags
from medical.dicom.header.frames import SkippedFile
from medical.dicom.header.patient import Person, names_in, person_of
from medical.plain_text import one_line

_CLASSES = frozenset(f"1.2.840.10008.5.1.4.1.1.88.{number}" for number in (11, 22, 33))
_MEASUREMENTS = "126000"  # DCM, Imaging Measurement Report: of a program, ours too
_MAX_BYTES = 4 << 20
_MAX_ITEMS, _MAX_DEPTH = 2000, 16
_MAX_TEXT = 4000  # characters of one item
_MAX_FILES, _MAX_REPORTS = 1000, 8  # whose head is read; of these the latest are read whole
_HEAD_END = Tag("ContentDate")
_ASIDE = frozenset({"HAS OBS CONTEXT", "HAS ACQ CONTEXT", "HAS CONCEPT MOD", "HAS PROPERTIES"})
_CONCLUSIONS = frozenset(
    {("LN", "19005-8"), *(("DCM", code) for code in ("121072", "121073", "121076", "121077"))}
)
_FINDINGS = frozenset({("LN", "59776-5"), ("DCM", "121070"), ("DCM", "121071")})
_CONCLUSION_WORDS = re.compile(r"impression|conclusion|summary|诊断|印象|结论", re.IGNORECASE)
_FINDING_WORDS = re.compile(r"finding|所见|描述", re.IGNORECASE)
_NODULE = re.compile(r"nodul|mass\b|lesion|opacit|ggn\b|ggo\b|结节|肿块|磨玻璃|占位", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])")


class _Section(NamedTuple):
    rank: int  # 0 conclusion, 1 findings, 2 all else
    text: str


def reports_of(person: Person, skipped: Iterable[SkippedFile]) -> tuple[Path, ...]:
    """Return the files that may be reports of a person, told by header alone.

    Args:
        person: the CT's.
        skipped: files of the same input that are no CT.
    """
    reports = (file for file in skipped if file.modality.upper() == "SR")
    return tuple(file.path for file in reports if _is_surely(person, file.header.person))


def report_words(files: Sequence[Path], *, ct: Path, most: int) -> str:
    """Return what reports say, the latest first; empty where none may be read.

    Args:
        files: reports of the same patient by `reports_of`; each is checked again.
        ct: a file of the CT that they lie beside.
        most: characters.
    """
    header = _read(ct, pixels=False)
    if header is None:
        return ""
    days = {file: _day_in_head(file) for file in files[:_MAX_FILES]}
    earlier = [file for file in days if not _is_later(days[file], _day(header))]
    latest = sorted(earlier, key=days.__getitem__, reverse=True)[:_MAX_REPORTS]
    read = [report for file in latest if (report := _read(file)) is not None]
    fitting = [report for report in read if _may_be_read(report, header)]
    fitting.sort(key=_day, reverse=True)
    texts = dict.fromkeys(_words_of(report, header) for report in fitting)
    return " ".join(text for text in texts if text)[:most].strip()


def _is_surely(person: Person, other: Person) -> bool:
    return bool(person.number) and person.number == other.number and person.may_be(other)


def _read(file: Path, *, pixels: bool = True) -> Dataset | None:
    try:
        if pixels and file.stat().st_size > _MAX_BYTES:
            return None
        return pydicom.dcmread(file, stop_before_pixels=not pixels)
    except Exception:  # pydicom raises nearly anything on damaged files
        return None


def _day_in_head(file: Path) -> str:
    """Return `_day` of a file of which no more is read than that takes."""
    try:
        with file.open("rb") as opened:
            return _day(read_partial(opened, stop_when=lambda tag, *_: tag > _HEAD_END))
    except Exception:  # pydicom raises nearly anything on damaged files
        return ""


def _may_be_read(report: Dataset, ct: Dataset) -> bool:
    if str(tags.value(report, "SOPClassUID") or "") not in _CLASSES:
        return False
    if _code(report)[1] == _MEASUREMENTS or not _is_surely(person_of(ct), person_of(report)):
        return False
    return not _is_later(_day(report), _day(ct))


def _is_later(day: str, other: str) -> bool:
    return bool(day and other) and day > other


def _day(dataset: Dataset) -> str:
    """Return the day of the examination, ``YYYYMMDD``; empty where it is not known."""
    for keyword in ("StudyDate", "ContentDate", "SeriesDate"):
        day = tags.text(dataset, keyword)[:8]
        if len(day) == 8 and day.isascii() and day.isdigit():
            return day
    return ""


def _words_of(report: Dataset, ct: Dataset) -> str:
    names = [pattern for pattern in (names_in(report), names_in(ct)) if pattern]
    sentences: list[tuple[bool, int, str]] = []
    for section in _sections(report):
        for sentence in _SENTENCE.split(section.text):
            for pattern in names:
                sentence = pattern.sub(" ", sentence)
            plain = one_line(sentence)
            if plain:
                sentences.append((_NODULE.search(plain) is None, section.rank, plain))
    sentences.sort(key=lambda entry: entry[:2])  # stable: in the report's order beyond that
    return " ".join(dict.fromkeys(text for _, _, text in sentences))


def _sections(report: Dataset) -> Iterator[_Section]:
    """Walk the content tree, without recursion: a stranger chose its depth."""
    waiting: list[tuple[Dataset, int, int]] = [(report, 0, 2)]
    count = 0
    while waiting and count < _MAX_ITEMS:
        item, depth, rank = waiting.pop()
        count += 1
        if depth and tags.text(item, "RelationshipType").upper() in _ASIDE:
            continue
        rank = _rank(item, rank) if depth else rank
        text = _text(item) if depth else ""
        if text:
            yield _Section(rank, text)
        if depth < _MAX_DEPTH:
            children = tags.items(item, "ContentSequence")[:_MAX_ITEMS]
            waiting += [(child, depth + 1, rank) for child in reversed(children)]


def _text(item: Dataset) -> str:
    """Return what an item says in words; a code and a number with what they are of."""
    name = _meaning(item, "ConceptNameCodeSequence")
    match tags.text(item, "ValueType").upper():
        case "TEXT":
            return tags.text(item, "TextValue", most=_MAX_TEXT)
        case "CODE":
            value = _meaning(item, "ConceptCodeSequence")
            return f"{name}: {value}." if name and value else ""
        case "NUM":
            measured = next(iter(tags.items(item, "MeasuredValueSequence")), Dataset())
            value = tags.text(measured, "NumericValue", most=16)
            unit = next(iter(tags.items(measured, "MeasurementUnitsCodeSequence")), Dataset())
            return f"{name}: {value} {tags.text(unit, 'CodeValue', most=16)}." if value else ""
    return ""


def _rank(item: Dataset, above: int) -> int:
    code, meaning = _code(item), _meaning(item, "ConceptNameCodeSequence")
    if code in _CONCLUSIONS or _CONCLUSION_WORDS.search(meaning):
        return 0
    if code in _FINDINGS or _FINDING_WORDS.search(meaning):
        return min(above, 1)
    return above


def _code(item: Dataset) -> tuple[str, str]:
    code = next(iter(tags.items(item, "ConceptNameCodeSequence")), Dataset())
    return tags.text(code, "CodingSchemeDesignator"), tags.text(code, "CodeValue")


def _meaning(item: Dataset, keyword: str) -> str:
    code = next(iter(tags.items(item, keyword)), Dataset())
    return tags.text(code, "CodeMeaning", most=64)
