"""The report: its file, extras and command."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.cli.evaluate import evaluate
from medical.evaluation.evaluate import evaluate_tables, write_report
from medical.evaluation.tables import Candidate, ReferenceFinding, Tables

CONTRACT = {
    "sensitivity", "cpm", "cpm_ci95", "scans", "nodules", "found", "false_positives",
    "ignored_irrelevant", "ignored_double",
}  # fmt: skip


@pytest.fixture
def tables() -> Tables:
    """Scan a: nodules of 5 (found at 0.9) and 10 mm (missed); b: a false positive; c: nothing."""
    return Tables(
        ("a", "b", "c"),
        (ReferenceFinding("a", (0, 0, 0), 5.0), ReferenceFinding("a", (50, 0, 0), 10.0)),
        (),
        (Candidate("a", (1, 0, 0), 0.9), Candidate("b", (0, 0, 0), 0.4)),
    )


def test_the_file_holds_the_contract(tables: Tables, tmp_path: Path) -> None:
    files = write_report(evaluate_tables(tables, operating_point=0.5), tmp_path / "new" / "out")
    content = json.loads(files[0].read_text())
    assert set(content) >= CONTRACT
    assert list(content["sensitivity"]) == ["0.125", "0.25", "0.5", "1", "2", "4", "8"]
    assert len(content["cpm_ci95"]) == 2
    assert [f.name for f in files] == ["evaluation.json", "froc.png", "reliability.png"]
    assert all(f.read_bytes()[:4] == b"\x89PNG" for f in files[1:])


def test_the_file_holds_the_curve_with_its_band(tables: Tables) -> None:
    curve = evaluate_tables(tables).evaluation.curve
    rates = [point.false_positives_per_scan for point in curve]
    assert (rates[0], rates[-1]) == pytest.approx((0.125, 8))
    assert {point.sensitivity for point in curve} == {0.5}
    ends = [point.sensitivity_ci95 for point in curve if point.sensitivity_ci95 is not None]
    assert len(ends) == len(curve)
    assert all(low <= 0.5 <= high for low, high in ends)


def test_a_curve_has_no_band_where_no_draw_held_a_nodule() -> None:
    scans = tuple(str(number) for number in range(50))
    rare = Tables(scans, (ReferenceFinding("0", (0, 0, 0), 5.0),), (), ())
    bands = {
        point.sensitivity_ci95
        for seed in range(8)
        for point in evaluate_tables(rare, bootstraps=1, seed=seed).evaluation.curve
    }
    assert None in bands


def test_without_reference_nodules_there_is_no_curve() -> None:
    none = Tables(("a",), (), (), (Candidate("a", (0, 0, 0), 0.5),))
    assert evaluate_tables(none).evaluation.curve == []


def test_size_bins_split_at_lung_rads_limits(tables: Tables) -> None:
    bins = evaluate_tables(tables, operating_point=0.95).evaluation.size_bins
    assert [(b.nodules, b.found) for b in bins] == [(1, 1), (0, 0), (1, 0), (0, 0)]
    assert bins[0].found_at_operating_point == 0
    assert bins[-1].diameter_to_mm is None


def test_unmarked_nodule_free_scans_at_the_operating_point(tables: Tables) -> None:
    lax = evaluate_tables(tables, operating_point=0.4).evaluation.operating_point
    strict = evaluate_tables(tables, operating_point=0.5).evaluation.operating_point
    assert lax is not None
    assert strict is not None
    assert (lax.unmarked_share, strict.unmarked_share) == (0.5, 1.0)
    assert lax.false_positives_per_scan == pytest.approx(1 / 3)
    assert strict.sensitivity == 0.5


def test_without_an_operating_point_nothing_is_said_of_it(tables: Tables) -> None:
    assert evaluate_tables(tables).evaluation.operating_point is None


def test_calibration_by_hand(tables: Tables) -> None:
    calibration = evaluate_tables(tables).evaluation.calibration
    assert calibration is not None
    # One candidate at 0.9 that is a nodule, one at 0.4 that is none.
    assert calibration.expected_calibration_error == pytest.approx((0.1 + 0.4) / 2)
    assert sum(row.candidates for row in calibration.reliability) == 2


def test_scores_that_are_no_probabilities_have_no_calibration(tables: Tables) -> None:
    candidates = (Candidate("a", (0, 0, 0), 3.7),)
    logits = Tables(tables.series_uids, tables.nodules, (), candidates)
    result = evaluate_tables(logits).evaluation
    assert result.calibration is None
    assert result.found == 1


def run(*arguments: str) -> tuple[int, str, str]:
    app = typer.Typer()
    app.command()(evaluate)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def arguments(folder: Path, probability: str) -> list[str]:
    (folder / "t.csv").write_text("seriesuid,coordX,coordY,coordZ,diameter_mm\na,1,-2,3,5\n")
    (folder / "s.csv").write_text("a\nb\n")
    heading = "seriesuid,coordX,coordY,coordZ,probability\n"
    (folder / "p.csv").write_text(heading + f"a,1,-2,3,{probability}\n")
    files = {"truth": "t.csv", "series": "s.csv", "predictions": "p.csv", "out": "out"}
    return [text for key, name in files.items() for text in (f"--{key}", str(folder / name))]


def test_the_command_prints_the_result_and_writes_the_files(tmp_path: Path) -> None:
    code, out, _ = run(*arguments(tmp_path, "0.8"))
    assert code == 0
    assert "CPM 1.000" in out
    assert (tmp_path / "out" / "evaluation.json").is_file()
    assert (tmp_path / "out" / "froc.png").is_file()


def test_the_command_says_what_is_wrong_on_one_line(tmp_path: Path) -> None:
    code, out, err = run(*arguments(tmp_path, "x"))
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert "p.csv: row 2: probability" in err


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    given = arguments(tmp_path, "0.8")
    run(*given)
    first = (tmp_path / "out" / "evaluation.json").read_bytes()
    run(*given)
    assert (tmp_path / "out" / "evaluation.json").read_bytes() == first
