"""What ``starlung score`` prints of a result."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.scoring.table import show_series
from medical.detection.findings import Searched, SeriesFindings
from medical.detection.searched_lungs import both_searched, is_partly_searched
from medical.io.series_handle import SeriesHandle
from medical.scoring.batches.tally import ScoredSeries, ScoreResult
from medical.scoring.forms.heatmaps import why_no_parametric_map
from tests.medical.dicom.make import ROOT, series, take
from tests.medical.store.made import made_series


def shown(capsys: pytest.CaptureFixture[str], findings: SeriesFindings) -> str:
    show_series(ScoredSeries(findings, Path("out")))
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("left", "right", "plain"),
    [(1.0, 1.0, True), (0.0, 1.0, False), (1.0, 0.4, False), (None, None, False)],
)
def test_a_lung_that_was_not_searched_is_not_negative(
    capsys: pytest.CaptureFixture[str], left: float | None, right: float | None, plain: bool
) -> None:
    searched = Searched(left=left, right=right)
    negative = both_searched(searched)
    scored = made_series().model_copy(update={"searched": searched, "negative": negative})
    text = shown(capsys, scored)
    assert ("NOT a negative result" in text) == (not plain)
    assert is_partly_searched(scored) == (not plain)
    assert ("searched: left lung 100%" in text) == (left == 1.0)


def test_an_older_result_is_shown_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, made_series())
    assert "no finding reaches the operating point\n" in text


def test_it_says_why_this_series_of_its_study_was_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    why = "best of 3 CT series for nodules: 1 mm slices"
    show_series(ScoredSeries(made_series(0.5), Path("out"), why))
    assert f"read: {why}\n" in capsys.readouterr().out


def handle_of(tmp_path: Path, change: object = None) -> SeriesHandle:
    return take(series(tmp_path / "in", change=change), tmp_path).chosen[0]  # type: ignore[arg-type]


def test_why_there_is_no_parametric_map(tmp_path: Path) -> None:
    def another(ds: object, index: int) -> None:
        ds.FrameOfReferenceUID = f"{ROOT}300.{index}"  # type: ignore[attr-defined]

    origin = handle_of(tmp_path, another).origin
    assert not isinstance(origin, Path)
    assert "8 frames of reference" in why_no_parametric_map(origin.frames)
    reason = "no DICOM parametric map: x"
    result = ScoreResult((), (), (), (("1.2.3", reason),))
    assert result.not_written == (("1.2.3", reason),)


def test_a_result_of_an_earlier_run_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    show_series(ScoredSeries(made_series(0.5), Path("out")), already=True)
    assert "1 finding (scored earlier)" in capsys.readouterr().out
