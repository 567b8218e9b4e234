from __future__ import annotations

from pathlib import Path

from medical.store.database import open_store, sqlite_url
from medical.training.config import Cases, RunConfig
from models.zoo.loader import find_model
from tests.app.cli.conftest import Run, one_line
from tests.medical.training.malignancy.outcomes.made_site import made_site


def test_no_cases_is_wrong_use(starlung: Run) -> None:
    assert starlung("retrain", "--out", "out").exit_code == 2


def test_missing_truth_is_one_line(starlung: Run, tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "one.nii.gz").write_bytes(b"looked at later")
    result = starlung("retrain", "--cases", tmp_path / "cases", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "--truth" in one_line(result.stderr)


def test_cases_without_a_ct_are_one_line(starlung: Run, tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    result = starlung("retrain", "--cases", tmp_path / "cases", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "cases: holds no CT images" in one_line(result.stderr)


def test_missing_cases_are_one_line(starlung: Run, tmp_path: Path) -> None:
    result = starlung("retrain", "--cases", tmp_path / "cases", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "cases: no such file or folder" in one_line(result.stderr)


def test_missing_store_is_one_line_and_not_made(starlung: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none.sqlite'}"
    result = starlung("retrain", "--cases", url, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "none.sqlite: no such store" in one_line(result.stderr)
    assert not (tmp_path / "none.sqlite").exists()


def test_stage_that_cannot_be_is_one_line(starlung: Run, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('name = "a"\nsteps = -1\n')
    options = ("--cases", tmp_path, "--out", tmp_path / "out", "--plan", tmp_path / "a.toml")
    result = starlung("retrain", *options)
    assert result.exit_code == 2
    assert "a.toml: steps: " in one_line(result.stderr)


def test_unknown_model_to_start_from(starlung: Run, tmp_path: Path) -> None:
    result = starlung("retrain", "--cases", tmp_path, "--out", tmp_path / "out", "--from", "nobody")
    assert result.exit_code == 2
    assert "nobody" in one_line(result.stderr)


def test_output_that_is_a_file(starlung: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    result = starlung("retrain", "--cases", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "this is a file" in one_line(result.stderr)


def test_folder_in_use_needs_resume(starlung: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "log.jsonl").write_text("")
    result = starlung("retrain", "--cases", tmp_path, "--out", out)
    assert result.exit_code == 2
    assert "--resume" in one_line(result.stderr)


def test_several_nodes_need_a_meeting_place(starlung: Run, tmp_path: Path) -> None:
    options = ("--cases", tmp_path, "--out", tmp_path / "out", "--nodes", "2")
    result = starlung("retrain", *options)
    assert result.exit_code == 2
    assert "--rendezvous" in one_line(result.stderr)


def test_sizes_that_the_engine_cannot_make_are_one_line(starlung: Run, tmp_path: Path) -> None:
    for option, value in (("--batch", "6"), ("--patch", "50")):
        result = starlung("retrain", "--cases", tmp_path, "--out", tmp_path / "out", option, value)
        assert result.exit_code == 2
        assert f"{option} must be a multiple" in one_line(result.stderr)


def test_patches_that_local_attention_cannot_see_in_are_one_line(
    starlung: Run, tmp_path: Path
) -> None:
    options = ("--cases", tmp_path, "--out", tmp_path / "out", "--recipe", "local-attention")
    result = starlung("retrain", *options, "--patch", "48")
    assert result.exit_code == 2
    assert "--patch must be at least 64" in one_line(result.stderr)


def test_recipe_that_nobody_knows_is_one_line_with_those_there_are(
    starlung: Run, tmp_path: Path
) -> None:
    options = ("--cases", tmp_path, "--out", tmp_path / "out", "--recipe", "nobody")
    result = starlung("retrain", *options)
    assert result.exit_code == 2
    assert "local-attention, starlung-0.5.0, starlung-fast" in one_line(result.stderr)


def test_recipe_of_another_network_cannot_start_from_the_shipped_model(
    starlung: Run, tmp_path: Path
) -> None:
    recipe = ("--recipe", "local-attention", "--from", "starlung-base")
    result = starlung("retrain", "--cases", tmp_path, "--out", tmp_path / "out", *recipe)
    assert result.exit_code == 2
    assert "its first stage is not the one that recipe local-attention makes" in one_line(
        result.stderr
    )


def test_patches_that_the_model_taught_on_cannot_see_in_are_one_line(
    starlung: Run, tmp_path: Path
) -> None:
    for command in (("retrain", "--cases"), ("adapt", "--cts")):
        result = starlung(*command, tmp_path, "--out", tmp_path / "out", "--patch", "48")
        assert result.exit_code == 2
        assert "--patch must be at least 64 with local attention, got 48" in one_line(result.stderr)
        assert not (tmp_path / "out").exists()


def begun(out: Path, model: str | None) -> None:
    """A run that was cut off, from a model or from nothing."""
    out.mkdir()
    start = str(find_model(model).folder.resolve()) if model else None
    RunConfig(source=Cases(cases="cases"), start_from=start).write(out)


def test_a_run_goes_on_from_what_it_was_begun_from(starlung: Run, tmp_path: Path) -> None:
    """Whatever the default is by now: it is refused for its cases, which are not there."""
    for name in ("starlung-base", "starlung-fast", "starlung-lite", None):
        out = tmp_path / f"out-{name}"
        begun(out, name)
        result = starlung("retrain", "--cases", tmp_path / "none", "--out", out, "--resume")
        assert "none: no such file or folder" in one_line(result.stderr)


def test_a_run_does_not_go_on_from_another_model(starlung: Run, tmp_path: Path) -> None:
    begun(tmp_path / "out", "starlung-base")
    options = ("--cases", tmp_path, "--out", tmp_path / "out", "--resume")
    result = starlung("retrain", *options, "--from", "starlung-fast")
    assert result.exit_code == 2
    assert "out: was begun from starlung-base 0.5.0" in one_line(result.stderr)


def test_outcomes_need_the_store(starlung: Run, tmp_path: Path) -> None:
    options = ("--cases", tmp_path, "--out", tmp_path / "out", "--outcomes", tmp_path / "o.csv")
    result = starlung("retrain", *options)
    assert result.exit_code == 2
    assert "must be the reading room's store" in one_line(result.stderr)


def test_starnet_is_trained_on_from_outcomes(starlung: Run, tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "store.sqlite")
    store = open_store(url)
    table = made_site(store, tmp_path, patients=26)
    store.close()
    options = ("--cases", url, "--out", tmp_path / "out", "--outcomes", table, "--steps", "2")
    result = starlung("retrain", *options)
    assert result.exit_code == 0
    assert "too few to tell" in result.stderr
    assert result.stdout == ""  # nothing was promoted
    assert (tmp_path / "out" / "verdict.json").exists()
    table.write_text("series,finding,outcome,how\n1.2.0,1,maybe,histology\n")
    result = starlung("retrain", *options)
    assert result.exit_code == 2
    assert "outcome.csv: row 2, column outcome: must be one of" in one_line(result.stderr)
