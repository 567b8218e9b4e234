"""Clinical context that a reader types: in trail, report and signed report, not in the result."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from medical.detection.findings import Malignancy, RatingModel, SeriesFindings
from medical.malignancy.context import ClinicalContext
from medical.report.files import files_to_sign, report_file
from medical.results.folder import ResultFolder
from medical.results.malignancy_files import TYPED
from medical.results.typed_context import TypedContext, TypedRating
from medical.review.decisions import NewDecision
from medical.review.reading import read_study, study_version
from medical.review.refusals import ChangedMeanwhileError, SignedError
from medical.review.reviews import decide, sign
from medical.review.signed_reports import signed_report
from medical.review.typed_context import type_context
from medical.store.audit import newest, verify
from medical.store.database import Store
from medical.store.results import import_result
from tests.medical.store.made import made_series

TEXT = "heavily spiculated"
AS_SCORED = Malignancy(risk=0.31, ci95=(0.1, 0.5), image_weight=1.0, text_weight=0.0)
WITH_WORDS = Malignancy(risk=0.77, ci95=(0.6, 0.9), image_weight=0.8, text_weight=0.2)
MODEL = RatingModel(name="starnet", version="0", sha256="1" * 64)


def _typed(context: ClinicalContext | None = None, *, reader: str = "anna") -> TypedContext:
    return TypedContext(
        context=context or ClinicalContext(text=TEXT, age_years=64, family_history=False),
        reader=reader,
        at=5.0,
        model=MODEL,
        ratings=[TypedRating(finding=1, malignancy=WITH_WORDS)],
    )


@pytest.fixture
def scored(tmp_path: Path) -> SeriesFindings:
    made = made_series(0.9)
    finding = made.findings[0].model_copy(update={"malignancy": AS_SCORED})
    return made.model_copy(update={"findings": [finding], "malignancy_model": MODEL})


@pytest.fixture
def folder(tmp_path: Path, scored: SeriesFindings) -> ResultFolder:
    place = tmp_path / "out" / scored.series_instance_uid
    place.mkdir(parents=True)
    (place / "findings.json").write_text(scored.model_dump_json(by_alias=True))
    return ResultFolder(place)


@pytest.fixture
def key(store: Store, folder: ResultFolder, scored: SeriesFindings) -> str:
    return import_result(store, folder.path.parent, [scored], actor="anna")


def _report(store: Store, key: str, form: str, language: str = "en") -> str:
    reading = read_study(store, key)
    made = report_file(
        form, reading, reading.series[0], None, "zh" if language == "zh" else "en",
        store=store, cards=[],
    )  # fmt: skip
    return made.decode("utf-8-sig")


def test_the_trail_has_an_entry_without_a_word_of_it(
    store: Store, key: str, folder: ResultFolder
) -> None:
    type_context(store, key, folder, _typed(), seen_version=0)
    entry = newest(store, 1)[0]
    assert (entry.actor, entry.action) == ("anna", "context")
    assert entry.subject.startswith(f"{key} v1 ")
    assert TEXT not in entry.subject
    assert not verify(store).problem
    assert read_study(store, key).study.status == "review"


def test_every_form_of_the_report_says_that_it_was_typed(
    store: Store, key: str, folder: ResultFolder
) -> None:
    result = (folder.path / "findings.json").read_bytes()
    assert "typed" not in _report(store, key, "txt")
    type_context(store, key, folder, _typed(), seen_version=0)
    text = _report(store, key, "txt")
    assert "Clinical context typed by anna" in text
    assert f"{TEXT}; Age in years: 64; Family history of lung cancer: no" in text
    assert "Malignancy rating 0.31 (0.10–0.50), by the image alone." in text
    assert "With the typed context 0.77 (0.60–0.90), 80% by the image, 20% by what is wri" in text
    assert "录入" in _report(store, key, "txt", "zh")
    record = json.loads(_report(store, key, "json"))
    assert record["findings"][0]["measured"]["malignancy"]["risk"] == 0.31
    assert record["typed_context"]["ratings"][0]["malignancy"]["risk"] == 0.77
    assert record["typed_context"]["context"]["text"] == TEXT
    row = next(csv.DictReader(io.StringIO(_report(store, key, "csv"))))
    assert (row["malignancy"], row["malignancy_typed"]) == ("0.31", "0.77")
    assert row["context_typed_by"] == "anna"
    assert (folder.path / "findings.json").read_bytes() == result


def test_the_signed_report_keeps_it(store: Store, key: str, folder: ResultFolder) -> None:
    type_context(store, key, folder, _typed(), seen_version=0)
    finding = read_study(store, key).findings[0]
    decide(store, finding.id, NewDecision("accepted"), seen_version=0, actor="anna")
    reading = read_study(store, key)
    files = files_to_sign(
        reading, reading.series[0], None, actor="anna", at=6.0, store=store, cards=[]
    )
    version = study_version(store, key)
    sign(store, key, seen_version=version, actor="anna", at=6.0, report=files)
    with pytest.raises(SignedError):
        type_context(store, key, folder, _typed(), seen_version=version + 1)
    (folder.path / TYPED).unlink()
    text = signed_report(store, key, series_uid="1.2.3", form="txt", language="en") or b""
    assert "With the typed context 0.77" in text.decode()


def test_who_was_slower_types_nothing(store: Store, key: str, folder: ResultFolder) -> None:
    type_context(store, key, folder, _typed(), seen_version=0)
    with pytest.raises(ChangedMeanwhileError):
        type_context(store, key, folder, _typed(reader="bo"), seen_version=0)
    typed = folder.malignancy.read_typed()
    assert typed is not None
    assert typed.reader == "anna"


def test_an_empty_form_takes_it_back(store: Store, key: str, folder: ResultFolder) -> None:
    type_context(store, key, folder, _typed(), seen_version=0)
    type_context(store, key, folder, _typed(ClinicalContext()), seen_version=1)
    assert folder.malignancy.read_typed() is None
    assert newest(store, 1)[0].action == "context"


def test_what_was_typed_of_another_result_is_not_reported(
    store: Store, key: str, folder: ResultFolder, scored: SeriesFindings
) -> None:
    type_context(store, key, folder, _typed(), seen_version=0)
    other = scored.model_copy(update={"operating_point": 0.3})
    (folder.path / "findings.json").write_text(other.model_dump_json(by_alias=True))
    assert "typed" not in _report(store, key, "txt")


def test_where_it_cannot_be_written_nothing_is_entered(
    store: Store, key: str, folder: ResultFolder
) -> None:
    (folder.path / TYPED).mkdir()
    with pytest.raises(OSError, match=TYPED):
        type_context(store, key, folder, _typed(), seen_version=0)
    assert newest(store, 1)[0].action != "context"
    assert study_version(store, key) == 0
