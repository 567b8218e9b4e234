from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from medical.errors import InputError
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.batches.tally import ScoredSeries, ScoreResult, SeriesEnd
from medical.scoring.scorer import Scorer
from tests.app.cli.conftest import Run, one_line
from tests.app.web.made_results import made_findings, made_volume, write_made_result


def pretend(monkeypatch: pytest.MonkeyPatch, result: ScoreResult | BaseException) -> None:
    """Let the engine give this result without scoring."""

    def score(*_: object, options: ScoreOptions, **__: object) -> ScoreResult:
        if isinstance(result, BaseException):
            raise result
        for number, series in enumerate(result.series, 1):
            options.watch(
                SeriesEnd(
                    sentence="1.2.3: scored",
                    scored=series,
                    already=False,
                    done=number,
                    failed=0,
                    expected=len(result.series),
                )
            )
        return result

    monkeypatch.setattr(Scorer, "score", score)


def scored(folder: Path, *, negative: bool = False) -> ScoredSeries:
    findings = made_findings(made_volume())
    if negative:
        findings = findings.model_copy(update={"findings": [], "negative": True})
    return ScoredSeries(findings, folder)


ERROR = InputError("bad.dcm", "cut short", "Export it again")


def test_no_input_is_wrong_use(starlung: Run) -> None:
    assert starlung("score", "--out", "out").exit_code == 2


def test_no_output_folder_is_wrong_use(starlung: Run, tmp_path: Path) -> None:
    assert starlung("score", tmp_path).exit_code == 2


def test_missing_path_cannot_be_scored(starlung: Run, tmp_path: Path) -> None:
    result = starlung("score", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert result.exit_code == 4
    assert one_line(result.stderr).endswith("no such file or folder. Check the spelling.")
    assert not result.stdout


def test_unknown_model_is_wrong_use(starlung: Run, tmp_path: Path) -> None:
    result = starlung("score", tmp_path, "--out", tmp_path / "out", "--model", "nobody")
    assert result.exit_code == 2
    assert "no model is called 'nobody'; there are: starlung-base" in one_line(result.stderr)
    assert not (tmp_path / "out").exists()


def test_output_that_is_a_file_is_wrong_use(starlung: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    result = starlung("score", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "this is a file" in one_line(result.stderr)


def test_form_that_is_not_there_is_wrong_use(starlung: Run, tmp_path: Path) -> None:
    result = starlung("score", tmp_path, "--out", tmp_path / "out", "--format", "json,fhir")
    assert result.exit_code == 2
    assert one_line(result.stderr).startswith("--format fhir: ")


@pytest.mark.parametrize("samples", ["1", "0", "many"])
def test_too_few_samples_are_wrong_use(samples: str, starlung: Run, tmp_path: Path) -> None:
    assert starlung("score", tmp_path, "--out", "out", "--samples", samples).exit_code == 2


def test_wrong_setting_is_wrong_use(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARLUNG_SAMPLES", "many")
    result = starlung("score", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "STARLUNG_SAMPLES" in one_line(result.stderr)


def test_broken_settings_file_is_wrong_use(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "starlung.toml").write_text("samples = = 3\n")
    monkeypatch.setenv("STARLUNG_CONFIG", str(tmp_path / "starlung.toml"))
    result = starlung("score", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert one_line(result.stderr).startswith(f"{tmp_path / 'starlung.toml'}: ")


def test_all_scored(starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, ScoreResult((scored(tmp_path),), ()))
    result = starlung("score", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert not result.stderr


def test_a_folder_with_results_of_another_model_says_so(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, ScoreResult((scored(tmp_path),), ()))
    write_made_result(tmp_path / "out", made_volume(shape=(20, 30, 30)))
    shown = starlung("score", tmp_path, "--out", tmp_path / "out").stdout
    assert "mixed: 1 result in this folder, not of this run, by made-up 0: predictions" in shown
    assert "mixed" not in starlung("score", tmp_path, "--out", tmp_path / "new").stdout


def test_some_failed(starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, ScoreResult((scored(tmp_path),), (ERROR,)))
    result = starlung("score", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert one_line(result.stderr) == "bad.dcm: cut short. Export it again."
    assert "Research use only." in result.stdout


def test_none_scored(starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, ScoreResult((), (ERROR,)))
    result = starlung("score", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 4
    assert not result.stdout


def test_full_disk_is_one_line(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, OSError(errno.ENOSPC, "No space left on device", "findings.json"))
    result = starlung("score", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 4
    assert "No space left on device" in one_line(result.stderr)


def test_programmers_error_fails_loudly(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, KeyError("spacing"))
    with pytest.raises(KeyError):
        starlung("score", tmp_path, "--out", tmp_path / "out")


def test_every_measure_of_a_finding_has_its_interval_in_80_columns(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = scored(tmp_path)
    pretend(monkeypatch, ScoreResult((series,), (), (("1.2.3", "a scout image"),)))
    shown = starlung("score", tmp_path, "--out", tmp_path / "out").stdout
    lines = shown.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(" 1  "))
    assert lines[first : first + 3] == [
        " 1  probability 0.88 [0.70, 0.95]   diameter 14.0 [12.7, 15.4] mm",
        "    volume 1437 [1006, 1940] mm3",
        "    solid, right middle zone, slice 56, LPS -62.0, 14.0, -120.0 mm",
    ]
    assert max(map(len, lines[first : first + 3 * len(series.findings.findings)])) <= 80
    assert "\x1b" not in shown
    assert "warning: Slices are 2.0 mm thick or apart" in shown
    assert "not scored: 1.2.3: a scout image" in shown
    assert lines[-1].startswith("1 scored, 1 passed over, ")


def test_quiet_prints_nothing_but_what_failed(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, ScoreResult((scored(tmp_path),), (ERROR,)))
    result = starlung("score", tmp_path, "--out", tmp_path / "out", "--quiet")
    assert not result.stdout
    assert one_line(result.stderr) == "bad.dcm: cut short. Export it again."


def test_verbose_says_how_long_each_stage_took(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, ScoreResult((scored(tmp_path),), ()))
    shown = starlung("score", tmp_path, "--out", tmp_path / "out", "--verbose").stdout
    assert re.search(r"^by .*: read [\d.]+ s, .*detect [\d.]+ s", shown, re.MULTILINE)


def test_an_interrupt_says_how_to_go_on(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, KeyboardInterrupt())
    result = starlung("score", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 130
    assert one_line(result.stderr).startswith("interrupted: 0 of 0 series are done, 0 failed;")
    assert "--resume" in result.stderr


def test_a_threshold_takes_the_place_of_the_model_s(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points: list[float] = []

    def score(scorer: Scorer, *_: object, **__: object) -> ScoreResult:
        points.append(scorer.card.operating_point)
        return ScoreResult((scored(tmp_path),), ())

    monkeypatch.setattr(Scorer, "score", score)
    starlung("score", tmp_path, "--out", tmp_path / "out", "--threshold", "0.4")
    starlung("score", tmp_path, "--out", tmp_path / "out")
    assert points[0] == 0.4
    assert points[1] != 0.4
    assert starlung("score", tmp_path, "--out", "out", "--threshold", "1").exit_code == 2


def test_negative_series_says_so(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, ScoreResult((scored(tmp_path, negative=True),), ()))
    shown = starlung("score", tmp_path, "--out", tmp_path / "out").stdout
    assert "no finding reaches the operating point" in shown
    assert " 1  probability" not in shown
