"""A signed report holds the comparison as it was, whatever becomes of the earlier study."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.web.context import context
from medical.i18n.catalogue import LANGUAGES
from medical.nodule.growth import Registration
from medical.report.earlier.comparison import Comparison, findings_of, priors_of
from medical.report.files import files_to_sign, report_file
from medical.results.search import result_folders
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import decide, sign
from medical.review.signed_reports import signed_report
from medical.store.results import import_result
from tests.app.web.made_pair import SHIFT_LPS_MM, write_made_pair
from tests.app.web.pages.conftest import OpenPage


def known_registration() -> Registration:
    """The shift by which the pair was made."""
    affine = np.eye(4)
    affine[:3, 3] = -np.array(SHIFT_LPS_MM)
    return Registration(affine, 1.0)


def test_what_becomes_of_the_earlier_study_is_not_in_a_signed_report(
    open_page: OpenPage, tmp_path: Path
) -> None:
    store = context().store
    later, earlier = (
        import_result(store, place, [result_folders(place)[0].read_findings()], actor="t")
        for place in write_made_pair(tmp_path)
    )
    for finding in read_study(store, later).findings:
        decide(store, finding.id, NewDecision("accepted"), seen_version=0, actor="anna")
    (folder,) = result_folders(tmp_path / "later")
    images, scored = folder.read_images(), folder.read_findings()
    assert images is not None
    (prior,) = priors_of(store, later, images)
    comparison = Comparison(prior, findings_of(store, prior), known_registration())
    reading = read_study(store, later)
    files = files_to_sign(
        reading, reading.series[0], comparison, actor="anna", at=1.0, store=store, cards=[]
    )
    assert {(file.form, file.language) for file in files} >= {
        (form, language) for form in ("txt", "csv", "json") for language in LANGUAGES
    }
    sign(store, later, seen_version=reading.study.version, actor="anna", at=1.0, report=files)

    def made_now() -> bytes:
        now = read_study(store, later)
        return report_file("txt", now, now.series[0], comparison, "en", store=store, cards=[])

    def as_signed() -> bytes | None:
        uid = scored.series_instance_uid
        return signed_report(store, later, series_uid=uid, form="txt", language="en")

    before = as_signed()
    assert before == made_now()
    assert b"CHANGE SINCE" in before
    for finding in read_study(store, earlier).findings:
        rejected = NewDecision("rejected", reason="vessel")
        decide(store, finding.id, rejected, seen_version=0, actor="bo")
    assert made_now() != before
    assert as_signed() == before
