"""What is read is the store's, whatever becomes of the result folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.web.context import context
from medical.detection.findings import ModelReference
from medical.results.folder import ResultFolder
from medical.review.reading import read_study
from medical.store.results import import_result
from tests.app.web.made_results import UID
from tests.app.web.pages.conftest import OpenPage

NEWER = ModelReference(name="newer", version="9", sha256="9" * 64)


OTHER = "The result folder now holds another result."


@pytest.fixture
def folder(tmp_path: Path) -> ResultFolder:
    return ResultFolder(tmp_path / "out" / UID)


def score_again(folder: ResultFolder) -> None:
    findings = folder.read_findings()
    folder.write_findings(findings.model_copy(update={"model": NEWER, "findings": []}))


def test_a_folder_scored_again_changes_nothing_and_the_page_says_so(
    open_page: OpenPage, folder: ResultFolder
) -> None:
    page = open_page()
    assert OTHER not in page.text()
    page.press("Accept 1")
    score_again(folder)
    again = open_page(key=page.key).text()
    assert OTHER in again
    assert "Model made-up 0" in again
    assert "newer" not in again
    import_result(context().store, folder.path.parent, [folder.read_findings()], actor="t")
    assert len(page.findings()) == 3
    assert "Model made-up 0" in open_page(key=page.key).text()


def test_before_anything_is_decided_the_other_result_can_be_taken_in(
    open_page: OpenPage, folder: ResultFolder
) -> None:
    page = open_page()
    score_again(folder)
    import_result(context().store, folder.path.parent, [folder.read_findings()], actor="t")
    shown = open_page(key=page.key).text()
    assert "Model newer 9" in shown
    assert OTHER not in shown


def test_a_study_whose_folder_is_gone_is_still_read(
    open_page: OpenPage, folder: ResultFolder
) -> None:
    page = open_page()
    shutil.rmtree(folder.path)
    again = open_page(key=page.key)
    assert "Model made-up 0" in again.text()
    again.press("Accept 1")
    assert read_study(page.store, page.key).findings[0].verdict == "accepted"
