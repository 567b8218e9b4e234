"""A store of the version before is filled from the result folders once, when it is opened."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select, text

from medical.detection.findings import ModelReference, SeriesFindings
from medical.i18n.catalogue import translate
from medical.report.earlier.comparison import priors_of
from medical.results.folder import ResultFolder
from medical.results.search import result_folders
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import decide
from medical.store.database import Store, open_store
from medical.store.results import import_result
from medical.store.series import KeptSeries
from medical.store.tables import Study
from tests.app.web.made_pair import write_made_pair
from tests.medical.store.made import made_series

NEWER = ModelReference(name="newer", version="9", sha256="9" * 64)


@pytest.fixture
def url(store_url: str) -> str:
    return store_url


@pytest.fixture
def folder(tmp_path: Path) -> ResultFolder:
    """A result, as scored."""
    result = ResultFolder(tmp_path / "result")
    result.path.mkdir()
    result.write_findings(made_series(0.7, 0.4))
    return result


def made_old(store: Store, *, scored_by: SeriesFindings | None = None, series: bool = True) -> None:
    """Bring the store to the version before, which named the model beside a study, or did not."""
    row = ""
    if scored_by is not None:
        names = {"series_instance_uid", "model", "operating_point", "samples"}
        text_now = scored_by.model_dump_json(include=names)
        row = json.dumps([json.loads(text_now.replace('"samples"', '"passes"'))])
    with store.transaction() as session:
        for table in ("jobs", "arrivals", "outbox", "signed_objects", "identities"):
            session.execute(text(f"DROP TABLE {table}"))
        for column in ("archived_at", "archived_reason", "model", "content"):
            session.execute(text(f"ALTER TABLE studies DROP COLUMN {column}"))
        for column in ("scored", "headers"):
            session.execute(text(f"ALTER TABLE series DROP COLUMN {column}"))
        session.execute(text("ALTER TABLE studies ADD scored_by TEXT NOT NULL DEFAULT ''"))
        session.execute(text("UPDATE studies SET scored_by = :row"), {"row": row})
        if not series:
            session.execute(text("DELETE FROM series"))
        session.execute(text("UPDATE alembic_version SET version_num = '0006'"))
    store.close()


def read(url: str, key: str) -> tuple[KeptSeries, ...]:
    store = open_store(url)
    try:
        return read_study(store, key).series
    finally:
        store.close()


@pytest.mark.parametrize("series", [True, False], ids=["series entered", "before there were any"])
@pytest.mark.parametrize("named", [True, False], ids=["model on record", "model not on record"])
def test_what_the_folder_says_is_kept(
    store: Store, url: str, folder: ResultFolder, series: bool, named: bool
) -> None:
    scored = folder.read_findings()
    key = import_result(store, folder.path, [scored], actor="t")
    made_old(store, scored_by=scored if named else None, series=series)
    (stored,) = read(url, key)
    assert stored.scored == scored
    assert stored.owns_folder()
    shutil.rmtree(folder.path)
    assert read(url, key) == (stored,)
    assert not stored.owns_folder()


@pytest.mark.parametrize("named", [True, False], ids=["model on record", "model not on record"])
def test_a_folder_scored_again_since_lends_its_model_to_nobody(
    store: Store, url: str, folder: ResultFolder, named: bool
) -> None:
    scored = folder.read_findings()
    key = import_result(store, folder.path, [scored], actor="t")
    first = read_study(store, key).findings[0]
    decide(store, first.id, NewDecision("accepted"), seen_version=0, actor="anna")
    update = {"model": NEWER, "operating_point": 0.5, "findings": scored.findings[:1]}
    folder.write_findings(scored.model_copy(update=update))
    made_old(store, scored_by=scored if named else None)
    (stored,) = read(url, key)
    assert stored.scored.findings == scored.findings
    (note,) = stored.scored.quality
    assert note.code == "scored_again"
    assert translate(note.message, "zh").startswith("所示发现来自较早的结果")
    assert not stored.owns_folder()
    if named:
        assert (stored.scored.model, stored.scored.operating_point) == (scored.model, 0.2)
    else:
        assert stored.scored.model.name == "earlier model"


def test_a_lost_result_is_no_series_and_stops_nothing(
    store: Store, url: str, folder: ResultFolder, tmp_path: Path
) -> None:
    lost = import_result(store, tmp_path / "lost", [made_series(0.9)], actor="t")
    key = import_result(store, folder.path, [folder.read_findings()], actor="t")
    made_old(store)
    assert read(url, lost) == ()
    assert len(read(url, key)) == 1


def test_earlier_cts_that_an_earlier_version_kept_are_found(
    store: Store, url: str, tmp_path: Path
) -> None:
    later, earlier = write_made_pair(tmp_path)
    keys = [
        import_result(store, path, [result_folders(path)[0].read_findings()], actor="t")
        for path in (later, earlier)
    ]
    made_old(store, series=False)
    opened = open_store(url)
    images = result_folders(later)[0].read_images()
    assert images is not None
    (priors,) = priors_of(opened, keys[0], images)
    assert priors.study_key == keys[1]
    with opened.reading() as session:
        assert len(list(session.scalars(select(Study)))) == 2
    opened.close()
