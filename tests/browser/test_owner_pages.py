"""The pages for the model's owner: card, plots, drift, and what waits for a retraining."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from medical.detection.findings import ModelReference
from medical.evaluation.evaluate import evaluate_tables, write_report
from medical.evaluation.tables import Candidate, ReferenceFinding, Tables
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import decide, sign
from medical.store.database import open_store, sqlite_url
from medical.store.results import import_result
from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.app.web.made_results import made_findings, made_volume, write_made_result
from tests.browser.conftest import serving
from tests.browser.page import ReadingPage, reading_page

pytestmark = pytest.mark.browser
STUDIES = 6
CARD = find_model(DEFAULT_MODEL).card
IN_USE = ModelReference(
    name=CARD.name, version=CARD.version, sha256=CARD.sha256, digest=CARD.digest
)
MARKS = "seriesuid,coordX,coordY,coordZ,probability,probability_low,probability_high,diameter_mm\n"


def made_study(out: Path, number: int) -> None:
    """A scored series of a scanner and kernel, with its marks."""
    volume = made_volume(shape=(20, 30, 30), uid=f"1.2.{number}")
    folder = write_made_result(out, volume)
    rows = (0.95 - 0.02 * number, 0.5, 0.2 + 0.05 * number, 0.03)
    lines = [f"1.2.{number},1,2,3,{p},{p / 2},{min(1, p * 1.1)},6.0\n" for p in rows]
    (folder / "predictions.csv").write_text(MARKS + "".join(lines))
    verdicts = {
        "manufacturer": "Made",
        "model": f"Scanner {number % 2}",
        "kernel": "SHARP",
        "slice_thickness_mm": "2.5" if number < 4 else "1.25",
    }
    (folder / "acquisition.json").write_text(json.dumps(verdicts))


def fill(folder: Path) -> None:
    """The studies, in the store of a server that will run in ``folder``."""
    store = open_store(sqlite_url(folder / "work" / "store.sqlite"))
    for number in range(STUDIES):
        out = folder / f"out{number}"
        made_study(out, number)
        volume = made_volume(shape=(20, 30, 30), uid=f"1.2.{number}")
        scored = made_findings(volume).model_copy(update={"model": IN_USE})
        key = import_result(store, out, [scored], actor="anna")
    for finding in read_study(store, key).findings:
        verdict = "rejected" if finding.number == 3 else "accepted"
        sentence = NewDecision(verdict, reason="vessel" if verdict == "rejected" else "")
        decide(store, finding.id, sentence, seen_version=0, actor="anna")
    sign(store, key, seen_version=read_study(store, key).study.version, actor="anna")
    store.close()


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[ReadingPage]:
    """Six studies, of which one is signed: two findings confirmed, one rejected.

    One server and one tab for all tests here, which only look: starting both takes longest.
    """
    with tempfile.TemporaryDirectory(prefix="starlung-") as folder:
        fill(Path(folder))
        with serving(Path(folder)) as address, reading_page(browser, address) as opened:
            opened.open()
            opened.call_reader("anna")
            yield opened


def go_to(page: ReadingPage, name: str) -> None:
    page.sidebar().get_by_role("link", name=name, exact=True).click()
    page.settle()


def test_the_card_says_what_the_model_is_and_is_not_good_for(page: ReadingPage) -> None:
    card = CARD
    go_to(page, "Model")
    page.expect_text(f"{card.name} {card.version}")
    page.expect_text(card.sha256)
    page.expect_text(card.not_good_for[1])
    page.expect_text(f"INSERTED nodules in {card.operating_scans} held-out scans")
    page.expect_text("3 findings in signed studies at this site")

    def drawn() -> None:
        # operating curve, readers' word, and calibration where the card holds it
        assert page.tab.locator("img.starlung-plot").count() == 2 + bool(card.reliability)

    page.eventually(drawn)
    page.picture("model")
    assert page.problems == []
    assert page.strangers == []


def test_an_evaluation_is_drawn_from_its_folder(page: ReadingPage, tmp_path: Path) -> None:
    go_to(page, "Model")
    page.tab.get_by_test_id("stHeading").get_by_text("Evaluation", exact=True).wait_for()
    before = page.tab.locator("img.starlung-plot").count()
    field = page.tab.get_by_test_id("stMain").get_by_test_id("stTextInput").get_by_role("textbox")
    field.fill(str(tmp_path))
    field.press("Enter")
    page.expect_text("holds no evaluation.json")

    nodules = tuple(ReferenceFinding("a", (50.0 * n, 0, 0), 4.0 + 3 * n) for n in range(5))
    candidates = tuple(Candidate("a", nodule.center_lps_mm, 0.9) for nodule in nodules[1:])
    tables = Tables(("a", "b", "c"), nodules, (), (*candidates, Candidate("b", (0, 0, 0), 0.4)))
    write_report(evaluate_tables(tables, operating_point=0.5), tmp_path / "out")
    field.fill(str(tmp_path / "out"))
    field.press("Enter")
    page.expect_text("5 nodules, 3 scans")
    page.expect_text("Sensitivity at threshold 0.5")

    def drawn() -> None:
        assert page.tab.locator("img.starlung-plot").count() == before + 3

    page.eventually(drawn)
    assert page.problems == []


def test_drift_tells_scanners_that_the_calibration_set_has_not(page: ReadingPage) -> None:
    go_to(page, "Drift")
    page.expect_text(
        f"The latest 6 scored series compared with {len(CARD.calibration_scans)} scans"
    )
    page.expect_text("6 of 6 lie outside the calibration set (54%–100%).")
    page.expect_text("24 candidates of the latest studies")
    page.picture("drift")
    assert page.problems == []


def test_what_waits_for_a_retraining_is_counted(page: ReadingPage) -> None:
    go_to(page, "Retraining")
    page.expect_text("Reviewed findings waiting")
    figures = page.tab.locator(".starlung-figure b").all_inner_texts()
    assert figures == ["3", "1", "2", "0", "1"]
    page.expect_text("starlung retrain --cases sqlite:///")
    page.picture("retraining")
    assert page.problems == []


def test_the_pages_speak_chinese(page: ReadingPage) -> None:
    page.tab.get_by_text("中文", exact=True).click()
    for link, sentence in (("模型", "不适用于"), ("漂移", "扫描仪"), ("再训练", "等待的已审发现")):
        go_to(page, link)
        page.expect_text(sentence)
    assert page.problems == []
