"""A folder scored again by a newer model: the page says so instead of naming the wrong model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from app.web.reading_panel import headline_html
from app.web.scored_again import for_report, scored_again
from app.web.words import Words
from medical.ct.volume import CtVolume
from medical.detection.added import AddedFinding
from medical.detection.findings import ModelReference, SeriesFindings
from medical.report.content import report_content
from medical.report.labels import Labels
from medical.report.tables import report_json
from medical.report.text import report_text
from medical.store.database import Store, open_store, sqlite_url
from medical.store.decisions import Judgement
from medical.store.reading import StudyReading, read_study
from medical.store.results import adopt
from medical.store.reviews import add_finding, decide
from medical.store.tables import Study
from tests.app.web.made_results import made_findings, made_volume

EN, ZH = Words("en"), Words("zh")
NEWER = ModelReference(name="made-up", version="9", sha256="9" * 64)


@pytest.fixture(scope="module")
def volume() -> CtVolume:
    return made_volume(shape=(20, 30, 30))


@pytest.fixture(scope="module")
def earlier(volume: CtVolume) -> SeriesFindings:
    return made_findings(volume)


@pytest.fixture(scope="module")
def newer(earlier: SeriesFindings) -> SeriesFindings:
    """The newer model does not mark the third."""
    return earlier.model_copy(update={"model": NEWER, "findings": earlier.findings[:2]})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(sqlite_url(tmp_path / "store.sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def key(store: Store, tmp_path: Path, earlier: SeriesFindings) -> str:
    return adopt(store, tmp_path, [earlier], actor="anna")


def read(store: Store, key: str) -> StudyReading:
    """What is in the store after somebody has accepted the first finding."""
    first = read_study(store, key).findings[0]
    decide(store, first.id, Judgement("accepted"), seen_version=0, actor="anna")
    return read_study(store, key)


def forget(store: Store) -> None:
    """As in a store that was filled before it kept which weights had spoken."""
    with store.transaction() as session:
        session.execute(update(Study).values(scored_by=""))


def head(reading: StudyReading, scored: SeriesFindings, words: Words) -> str:
    return headline_html(reading, scored, list(reading.findings), words)


def test_the_model_whose_findings_are_read_is_named(
    store: Store, key: str, earlier: SeriesFindings
) -> None:
    said = head(read(store, key), earlier, EN)
    assert "Model made-up 0 · operating point 0.50" in said
    assert "starlung-note" not in said


def test_a_nodule_that_a_reader_added_is_no_other_result(
    store: Store, key: str, earlier: SeriesFindings
) -> None:
    assert not scored_again(earlier, read_study(store, key))
    added = AddedFinding.measured(earlier.findings[0], outlined=True)
    add_finding(store, key, earlier.series_instance_uid, added, actor="anna")
    assert not scored_again(earlier, read_study(store, key))


def test_a_newer_result_of_a_study_that_was_read_is_said_to_be_kept_out(
    store: Store, key: str, tmp_path: Path, newer: SeriesFindings
) -> None:
    read(store, key)
    adopt(store, tmp_path, [newer], actor="anna")
    reading = read_study(store, key)
    said = head(reading, newer, EN)
    assert "Model made-up 0 · operating point 0.50" in said
    assert "A newer result by made-up 9 was not taken over, because this study has been" in said
    assert "the findings are those of made-up 0." in said
    assert "made-up 9 的较新结果未被采用，因为该检查已有阅片记录" in head(reading, newer, ZH)


def test_the_same_findings_by_a_newer_model_are_the_earlier_model_s_all_the_same(
    store: Store, key: str, earlier: SeriesFindings
) -> None:
    same = earlier.model_copy(update={"model": NEWER})
    assert "Model made-up 0 ·" in head(read(store, key), same, EN)


def test_of_what_was_kept_before_models_were_no_model_is_named(
    store: Store, key: str, newer: SeriesFindings
) -> None:
    forget(store)
    said = head(read(store, key), newer, EN)
    assert "Model made-up" not in said
    assert "Findings of an earlier result" in said
    assert "an earlier result, whose model is not on record." in said


def test_a_newer_result_of_a_study_that_nobody_read_waits_to_be_opened(
    store: Store, key: str, tmp_path: Path, newer: SeriesFindings
) -> None:
    said = head(read_study(store, key), newer, EN)
    assert "A newer result by made-up 9 has not been taken over yet" in said
    adopt(store, tmp_path, [newer], actor="anna")
    assert "Model made-up 9 · operating point 0.50" in head(read_study(store, key), newer, EN)


def test_a_report_names_the_model_that_marked_and_how_it_was_asked(
    store: Store, key: str, earlier: SeriesFindings, newer: SeriesFindings
) -> None:
    otherwise = newer.model_copy(update={"operating_point": 0.9, "passes": 7})
    told = for_report(read(store, key), otherwise, EN)
    assert (told.model, told.operating_point) == (earlier.model, earlier.operating_point)
    assert told.passes == earlier.passes
    text = report_text(report_content(read_study(store, key), told), Labels("en"))
    assert "Nodules marked by made-up 0" in text
    assert "A newer result by made-up 9 was not taken over" in text


def test_a_report_of_what_was_kept_before_models_names_none(
    store: Store, key: str, newer: SeriesFindings
) -> None:
    forget(store)
    reading = read(store, key)
    content = report_content(reading, for_report(reading, newer, EN))
    text = report_text(content, Labels("en"))
    assert "Nodules marked by earlier model not on record" in text
    assert "passes in this report are the newer result's" in text
    assert NEWER.sha256 not in report_json(content)
