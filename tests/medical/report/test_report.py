"""What the report says, in each of its forms."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from medical.ct.volume import CtVolume, SeriesSource
from medical.detection.findings import Program
from medical.geometry import VolumeGeometry
from medical.i18n.catalogue import Translator
from medical.program import program_version
from medical.report.content import ReportContent
from medical.report.key_images import close_up, whole_slice
from medical.report.record import report_json
from medical.report.tables import report_csv
from medical.report.text import report_text
from medical.store.tables import Study

EN = Translator("en")
POINT = (20.0, -10.0, 30.0)


@pytest.fixture(scope="module")
def ct() -> CtVolume:
    """Air with one bright voxel at POINT."""
    geometry = VolumeGeometry.axial(
        shape=(40, 60, 60), spacing_mm=(2.0, 2.0, 2.0), origin_lps_mm=(-60.0, -60.0, -10.0)
    )
    hu = np.full((40, 60, 60), -900, np.int16)
    z, y, x = (round(float(v)) for v in geometry.lps_to_voxel(POINT))
    hu[z, y, x] = 100
    return CtVolume(hu, geometry, SeriesSource(series_instance_uid="1.2.3"))


def blanks(text: str) -> list[str]:
    """Names of a text's blanks; a plural's choice of forms is none."""
    return sorted(set(re.findall(r"{(\w+)[^}|]*}", text)))


def test_the_sections_stand_in_the_usual_order(content: ReportContent) -> None:
    text = report_text(content, EN)
    titles = ["EXAMINATION", "TECHNIQUE", "COMPARISON", "IMAGE QUALITY", "FINDINGS"]
    places = [text.index(f"\n{title}\n") for title in [*titles, "NOT CONFIRMED", "IMPRESSION"]]
    assert places == sorted(places)


def test_a_report_nobody_signed_says_so(content: ReportContent) -> None:
    assert "DRAFT – not signed" in report_text(content, EN)
    signed = Study(key="3fa92c0000000000", status="signed", signed_by="anna", signed_at=0.0)
    text = report_text(replace(content, study=signed), EN)
    assert "Signed by anna, 1970-01-01 00:00 UTC" in text
    assert "DRAFT" not in text


def test_a_threshold_at_either_end_is_not_rounded_to_certainty(content: ReportContent) -> None:
    for point in ("0.001", "0.999", "0.094"):
        scored = content.scored.model_copy(update={"operating_point": float(point)})
        assert f"(operating point {point}," in report_text(replace(content, scored=scored), EN)


def test_no_number_of_the_models_stands_without_its_interval(content: ReportContent) -> None:
    text = report_text(content, EN)
    assert "Probability of a nodule 0.90 (0.45–0.95)." in text
    assert "diameter 8.0 mm (7.0–9.2), volume 268 mm³ (190–360)" in text


def test_the_readers_measure_counts_in_finding_and_impression(content: ReportContent) -> None:
    text = report_text(content, EN)
    assert "diameter 11.5 mm (measured by the reader)" in text
    assert "Nodules confirmed: 2. Largest: finding 1, 11.5 mm, left upper zone." in text
    assert (
        "assumed to be a first screening CT): 4A (solid ≥ 8 to < 15 mm at baseline), by finding 1."
        in text
    )


def test_a_rejected_mark_is_told_with_reason_and_reader(content: ReportContent) -> None:
    assert "Finding 2, slice 42: vessel (bo, 2025-06-15 15:06 UTC)." in report_text(content, EN)


def test_undecided_marks_make_the_report_incomplete(content: ReportContent) -> None:
    open_one = replace(content.findings[0], decisions=())
    text = report_text(replace(content, findings=(open_one,)), EN)
    assert "Not decided yet." in text
    assert "1 finding is undecided; this report is incomplete." in text


def test_chinese_says_the_same(content: ReportContent) -> None:
    text = report_text(content, Translator("zh"))
    assert "确认结节 2 个" in text
    assert "左上肺野" in text


def test_csv_has_a_line_a_finding_and_no_formula(content: ReportContent) -> None:
    rows = list(csv.DictReader(io.StringIO(report_csv(content))))
    assert [row["decision"] for row in rows] == ["accepted", "rejected", "accepted"]
    assert rows[0]["comment"] == "'=HYPERLINK(1)"
    assert (rows[0]["diameter_mm"], rows[0]["diameter_by"]) == ("11.5", "reader")
    assert rows[2]["probability"] == ""


def test_json_keeps_every_decision(content: ReportContent) -> None:
    record = json.loads(report_json(content))
    assert record["findings"][1]["decisions"][0]["reason"] == "vessel"
    assert record["research_use_only"] is True


def test_pictures_show_the_point_where_they_say(ct: CtVolume) -> None:
    for picture in (whole_slice(ct, POINT), close_up(ct, POINT)):
        row, column = np.unravel_index(int(picture.hu.argmax()), picture.hu.shape)
        step = picture.edge_mm / picture.hu.shape[0]
        at = ((column + 0.5) * step, (row + 0.5) * step)
        assert at == pytest.approx(picture.center_mm, abs=1.0)


def test_report_states_which_programs_scored_and_reported(content: ReportContent) -> None:
    assert (
        f"Scored by StarLung (version not recorded); reported by StarLung {program_version()}."
        in report_text(content, EN)
    )
    assert json.loads(report_json(content))["scored_by_program"] is None
    scored = content.scored.model_copy(update={"program": Program(version="0.1.0+abc")})
    content = replace(content, scored=scored)
    assert "由 StarLung 0.1.0+abc 分析" in report_text(content, Translator("zh"))
    record = json.loads(report_json(content))
    assert record["scored_by_program"] == {"version": "0.1.0+abc"}
    assert record["program"] == {"version": program_version()}
