from __future__ import annotations

from app.web.views.worklist_rows import progress, row_html
from medical.store.tables import Study


def made(**given: object) -> Study:
    values: dict[str, object] = {
        "key": "3fa92c0000000000",
        "status": "ready",
        "stage": "",
        "fraction": 0.0,
        "max_probability": 0.9,
        "max_probability_low": 0.7,
        "max_probability_high": 0.97,
        "findings": 2,
        "received_at": 0.0,
        "failure": "",
    }
    return Study(**{**values, **given})


def test_the_strongest_finding_comes_with_its_interval() -> None:
    assert "<b>0.90</b> <small>(0.70–0.97)</small>" in row_html(made())


def test_a_failure_is_said_and_cannot_write_the_page() -> None:
    row = row_html(made(status="failed", failure="<script>alert(1)</script>"))
    assert "&lt;script&gt;alert(1)" in row
    assert "<script>" not in row


def test_progress_counts_stages_and_the_share_of_the_present_one() -> None:
    running = made(status="scoring", stage="detect", fraction=0.5)
    assert progress(running) == 2.5 / 8
    assert "31%" in row_html(running)


def test_a_signed_study_names_its_reader() -> None:
    row = row_html(made(status="signed", signed_by="anna", signed_at=0.0))
    assert "Signed by anna, 1970-01-01 00:00" in row
