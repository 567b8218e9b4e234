"""What the report says of the change since an earlier CT, in each of its forms."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from app.web.comparing.growth_rows import growth_table
from app.web.words import Words
from medical.detection.added import AddedFinding
from medical.nodule.registration import Registration
from medical.report.change.change import (
    EarlierCt,
    Followed,
    Place,
    change_since,
    followed,
    unmeasured,
)
from medical.report.change.record import ChangeRecord
from medical.report.content import ReportContent
from medical.report.guideline_input import history_in
from medical.report.pdf import text_pages
from medical.report.record import report_json
from medical.report.tables import report_csv
from medical.report.text import report_text
from medical.report.words.labels import Labels
from medical.review.reading import ReadFinding
from tests.medical.report.conftest import decision
from tests.medical.store.made import made_series

EN = Labels("en")
STAY = Registration(np.eye(4), 0.93)
EARLIER = EarlierCt("CT-1", "1.2.9", "2023-03-01", same_patient=True, days=180)
# of the reading: finding 1 is accepted, 2 rejected, 3 added where 1 is
SMALL = Followed(5, (-50.0, 10.0, -100.0), 5.0, (4.6, 5.5), 65.0, (52.0, 80.0), "left upper zone")
FAR = replace(SMALL, id=7, center_lps_mm=(80.0, 0.0, 0.0), location="right lower zone")


def compared(
    content: ReportContent, *then: Followed, earlier: EarlierCt = EARLIER
) -> ReportContent:
    now = followed(content.findings[:2])
    change = change_since(earlier, now=now, then=then, registration=STAY)
    return replace(content, change=change)


def test_without_a_comparison_nothing_is_said_of_change(content: ReportContent) -> None:
    text = report_text(content, EN)
    assert "None given." in text
    assert "CHANGE" not in text
    assert "prior" not in report_csv(content)
    assert json.loads(report_json(content))["change"] is None


HERE = Place(3, (-51.0, 12.0, -101.0))


def test_what_a_reader_added_now_is_not_called_gone(content: ReportContent) -> None:
    change = change_since(EARLIER, now=(), then=(SMALL,), registration=STAY, places_now=(HERE,))
    assert (change.gone, change.unsized) == ((), ((3, 5),))
    told = replace(content, change=change)
    text = report_text(told, EN)
    assert "Finding 3 is where earlier finding 5 was; no change is told" in text
    assert "所见 3 与既往所见 5 位置相同" in report_text(told, Labels("zh"))
    rows = {row["finding"]: row for row in csv.DictReader(io.StringIO(report_csv(told)))}
    assert (rows["3"]["match"], rows["3"]["prior_finding"]) == ("not measured in both", "5")
    assert json.loads(report_json(told))["change"]["not_measured_in_both"] == [[3, 5]]
    assert "3 – 5" in growth_table(change, Words("en"))


def test_what_a_reader_had_added_before_is_not_called_new(content: ReportContent) -> None:
    (now, *_) = followed(content.findings[:2])
    there = Place(9, now.center_lps_mm)
    change = change_since(EARLIER, now=(now,), then=(), registration=STAY, places_then=(there,))
    assert (change.new, change.unsized) == ((), ((now.id, 9),))
    assert history_in(change, content.findings[0]).history is None
    far = Place(9, (80.0, 0.0, 0.0))
    change = change_since(EARLIER, now=(now,), then=(), registration=STAY, places_then=(far,))
    assert (change.new, change.unsized) == ((now,), ())


def test_a_measured_partner_stands_before_one_without_a_size(content: ReportContent) -> None:
    (now, *_) = followed(content.findings[:2])
    places = (Place(9, now.center_lps_mm), Place(10, now.center_lps_mm))
    change = change_since(EARLIER, now=(now,), then=(SMALL,), registration=STAY, places_then=places)
    assert len(change.matched) == 1
    assert (change.new, change.gone, change.unsized) == ((), (), ())


def test_a_guess_is_a_place_and_a_rejected_one_is_not() -> None:
    guess = AddedFinding.measured(made_series(0.9).findings[0], outlined=False)
    made = [
        ReadFinding(n, "1.2.3", n, 1, guess, (decision(verdict=verdict),))
        for n, verdict in enumerate(("accepted", "rejected"), start=1)
    ]
    assert [one.id for one in unmeasured(made)] == [1]
    assert followed(made) == []


def test_the_earlier_ct_is_named_with_the_days_between(content: ReportContent) -> None:
    text = report_text(compared(content, SMALL), EN)
    assert "CT of 2023-03-01: study CT-1, series 1.2.9. 180 days earlier.\n" in text


def test_growth_stands_with_both_sizes_and_every_interval(content: ReportContent) -> None:
    text = report_text(compared(content, SMALL), EN)
    section = text[text.index("CHANGE SINCE 2023-03-01") :]
    assert "Finding 1, earlier finding 5: diameter 5.0 mm (4.6–5.5) → 8.0 mm (7.0–9.2)" in section
    assert "+60 % (+36 % to +88 %): grown" in section
    assert "volume 65 mm³ (52–80) → 268 mm³ (190–360), +312 % (" in section
    days = 180 * np.log(2) / np.log(268 / 65)
    assert f"Volume doubling time {days:.0f} days (" in section


def test_what_error_may_explain_is_said_to_be_so(content: ReportContent) -> None:
    like = replace(SMALL, diameter_mm=7.8, diameter_ci95=(7.0, 8.8))
    like = replace(like, volume_mm3=250.0, volume_ci95=(180.0, 340.0))
    text = report_text(compared(content, like), EN)
    assert text.count("not distinguishable from measurement error") == 2
    assert "The volume doubling time has no bound." in text


def test_shrinking_is_a_halving_time(content: ReportContent) -> None:
    large = replace(SMALL, diameter_mm=20.0, diameter_ci95=(18.0, 22.0))
    large = replace(large, volume_mm3=4000.0, volume_ci95=(3000.0, 5000.0))
    text = report_text(compared(content, large), EN)
    assert ": shrunk. Volume halving time" in text
    assert "−60 %" in text


def test_new_nodules_and_those_no_longer_seen_are_told(content: ReportContent) -> None:
    text = report_text(compared(content, FAR), EN)
    assert "No nodule is found in both CTs." in text
    assert "New, or not found in the earlier CT: finding 1." in text
    assert (
        "No longer seen, or not found now: earlier finding 7, right lower zone, "
        "diameter 5.0 mm (4.6–5.5), volume 65 mm³ (52–80)." in text
    )


def test_days_that_a_reader_gave_are_told_apart(content: ReportContent) -> None:
    earlier = EarlierCt("CT-1", "1.2.9", "", same_patient=False, days=90, days_by_reader=True)
    text = report_text(compared(content, SMALL, earlier=earlier), EN)
    assert "CHANGE SINCE THE EARLIER CT" in text
    assert "90 days earlier, as the reader says; the images do not." in text
    assert "The images do not say that both CTs are of the same patient." in text


def test_without_days_there_is_change_but_no_doubling_time(content: ReportContent) -> None:
    text = report_text(compared(content, SMALL, earlier=replace(EARLIER, days=None)), EN)
    assert ": grown. No volume doubling time: the days between" in text


def test_chinese_says_the_same(content: ReportContent) -> None:
    text = report_text(compared(content, SMALL, FAR), Labels("zh"))
    assert "自 2023-03-01 以来的变化" in text
    assert "：增大。体积倍增时间" in text
    assert "现未见，或未检出：既往所见 7，右下区，直径 5.0 mm（4.6–5.5）" in text


def test_csv_has_the_change_beside_each_finding(content: ReportContent) -> None:
    rows = list(csv.DictReader(io.StringIO(report_csv(compared(content, SMALL)))))
    first = rows[0]
    assert (first["match"], first["prior_finding"], first["prior_date"]) == (
        "matched",
        "5",
        "2023-03-01",
    )
    assert (first["model_diameter_mm"], first["diameter_change"]) == ("8.0", "grown")
    assert float(first["volume_change_low"]) < float(first["volume_change_percent"])
    assert float(first["volume_doubling_days_low"]) < float(first["volume_doubling_days"])
    assert rows[1]["match"] == "", "a rejected mark is not compared"


def test_csv_has_a_line_for_what_is_no_longer_seen(content: ReportContent) -> None:
    rows = list(csv.DictReader(io.StringIO(report_csv(compared(content, FAR)))))
    assert rows[0]["match"] == "new"
    last = rows[-1]
    assert (last["finding"], last["match"], last["prior_finding"]) == ("", "no longer seen", "7")


def test_json_reads_back_typed(content: ReportContent) -> None:
    record = json.loads(report_json(compared(content, SMALL, FAR)))["change"]
    change = ChangeRecord.model_validate(record)
    assert (change.interval_days, change.interval_from) == (180, "dates")
    assert change.matched[0].diameter_mm.now.ci95 == (7.0, 9.2)
    assert change.matched[0].volume_mm3.verdict == "grown"
    assert [one.earlier_finding for one in change.no_longer_seen] == [7]


def test_json_gives_no_doubling_time_without_a_bound(content: ReportContent) -> None:
    like = replace(SMALL, volume_mm3=250.0, volume_ci95=(180.0, 340.0))
    change = json.loads(report_json(compared(content, like)))["change"]
    assert change["matched"][0]["volume_doubling_days"] is None


def test_days_must_be_positive(content: ReportContent) -> None:
    with pytest.raises(ValueError, match="interval_days"):
        compared(content, SMALL, earlier=replace(EARLIER, days=0))


def test_no_line_of_the_pdf_runs_past_the_margin(content: ReportContent) -> None:
    large = replace(SMALL, diameter_mm=20.0, diameter_ci95=(18.0, 22.0))
    large = replace(large, volume_mm3=4000.0, volume_ci95=(3000.0, 5000.0))
    ends = [
        text.get_window_extent().x1 / page.bbox.width
        for page in text_pages(compared(content, large, FAR), EN)
        for text in page.texts
    ]
    assert len(ends) > 30
    assert max(ends) < 0.92
