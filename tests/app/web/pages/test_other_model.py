"""What was scored by a model that is not the one in use says so, and is not mixed with the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from app.settings import Settings
from app.web.context import start_context
from app.web.reading.add_panel import measuring_model
from medical.ct.volume import CtVolume
from medical.detection.findings import ModelReference, SeriesFindings
from medical.store.results import import_result
from models.zoo.card import ModelCard
from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.app.web.made_results import made_findings, made_volume, write_made_result
from tests.app.web.pages.conftest import MAIN, Page

IN_USE, EARLIER = (find_model(name).card for name in (DEFAULT_MODEL, "starlung-base"))


def volume(uid: str) -> CtVolume:
    return made_volume((24, 40, 40), (10.0, 8.8, 8.8), uid=uid)


def scored_by(card: ModelCard, uid: str) -> SeriesFindings:
    model = ModelReference(
        name=card.name, version=card.version, sha256=card.sha256, digest=card.digest
    )
    return made_findings(volume(uid)).model_copy(update={"model": model})


@pytest.fixture
def page(tmp_path: Path, work_dir: Path) -> Iterator[Page]:
    """The worklist with a study of the model in use and one of the model before it."""
    shared = start_context(Settings(work_dir=work_dir, serve_worker=False))
    for number, card in enumerate((IN_USE, EARLIER)):
        uid = f"1.2.{number}"
        out, scored = tmp_path / card.name, scored_by(card, uid)
        folder = write_made_result(out, volume(uid))
        (folder / "findings.json").write_text(scored.model_dump_json(by_alias=True))
        key = import_result(shared.store, out, [scored], actor="t")
    tab = AppTest.from_file(str(MAIN), default_timeout=60)
    yield Page(tab.run(), shared.store, key)
    shared.store.close()


def test_the_worklist_names_a_model_that_is_not_in_use(page: Page) -> None:
    text = page.text()
    assert text.count(f"Model {EARLIER.name} {EARLIER.version}") == 1
    assert f"Model {IN_USE.name}" not in text


def test_a_nodule_is_measured_by_what_measured_the_others(page: Page) -> None:
    assert measuring_model(scored_by(EARLIER, "1.2.1")) == EARLIER.name
    assert measuring_model(scored_by(IN_USE, "1.2.0")) == IN_USE.name
    gone = scored_by(EARLIER.model_copy(update={"name": "gone"}), "1.2.2")
    assert measuring_model(gone) == DEFAULT_MODEL


def test_drift_leaves_out_what_another_model_scored(page: Page) -> None:
    page.tab._page_hash = calc_hash("drift")  # as a click on its link
    page.tab.run()
    assert "1 of the latest studies was scored by another model" in page.text()
    assert "The latest 1 scored series compared" in page.text()
