"""A study is signed with its report by the store alone: no page is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pypdfium2 import PdfDocument

from medical.i18n.catalogue import LANGUAGES
from medical.report.files import FORMS, files_to_sign, unread_report_pdf
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import decide, sign
from medical.review.signed_reports import signed_report
from medical.store.database import open_store, sqlite_url
from medical.store.results import import_result
from tests.app.web.made_results import made_volume
from tests.medical.store.made import made_series


def test_every_form_in_every_language_is_signed(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "store.sqlite"))
    key = import_result(store, tmp_path, [made_series(0.9)], actor="anna")
    finding = read_study(store, key).findings[0]
    decide(store, finding.id, NewDecision("accepted"), seen_version=0, actor="anna")
    reading = read_study(store, key)
    files = files_to_sign(
        reading, reading.series[0], None, actor="anna", at=5.0, store=store, cards=[]
    )
    version = reading.study.version
    sign(store, key, seen_version=version, actor="anna", at=5.0, report=files)
    uid = reading.series[0].uid
    signed = {
        (form, language): signed_report(store, key, series_uid=uid, form=form, language=language)
        for form in FORMS
        for language in LANGUAGES
    }
    store.close()
    assert signed["pdf", "zh"] is not None
    assert signed["pdf", "zh"].startswith(b"%PDF")
    assert signed["txt", "en"] != signed["txt", "zh"]
    record = json.loads(signed["json", "en"] or b"")
    assert (record["signed_by"], record["findings"][0]["decision"]) == ("anna", "accepted")


def test_an_unread_report_claims_no_reader(tmp_path: Path) -> None:
    volume = made_volume((24, 40, 40), (10.0, 8.8, 8.8))
    pdf = unread_report_pdf(made_series(0.9), volume, card=None, language="en")
    text = "".join(page.get_textpage().get_text_range() for page in PdfDocument(pdf))
    words = " ".join(text.split())
    assert "no reader has reviewed them" in words
    assert "reviewed by the readers" not in words
    assert "DRAFT" in words
    assert "Not decided yet" in words


def test_nothing_of_a_page_is_loaded() -> None:
    code = "import sys, medical.report.files; print({'streamlit', 'app'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
