"""What the report says of the change since an earlier CT, in each of its forms."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np

from app.web.reading.growth_panel import growth_table
from medical.detection.findings import AddedFinding
from medical.i18n.catalogue import Translator
from medical.nodule.growth import Registration
from medical.report.content import ReportContent, history_in
from medical.report.earlier.change import (
    EarlierCt,
    Followed,
    Place,
    change_since,
    followed,
    unmeasured,
)
from medical.report.record import report_json
from medical.report.tables import report_csv
from medical.report.text import report_text
from medical.review.reading import ReadFinding
from tests.medical.report.conftest import decision
from tests.medical.store.made import made_series

EN = Translator("en")
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
    compared_content = replace(content, change=change)
    text = report_text(compared_content, EN)
    assert "Finding 3 is at the location of earlier finding 5; no change is reported" in text
    assert "发现 3 与既往发现 5 位置相同" in report_text(compared_content, Translator("zh"))
    rows = {
        row["finding"]: row for row in csv.DictReader(io.StringIO(report_csv(compared_content)))
    }
    assert (rows["3"]["match"], rows["3"]["prior_finding"]) == ("not measured in both", "5")
    assert json.loads(report_json(compared_content))["change"]["not_measured_in_both"] == [[3, 5]]
    assert "3 – 5" in growth_table(change)


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
    assert [finding.id for finding in unmeasured(made)] == [1]
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
    assert "The volume doubling time cannot be bounded." in text
