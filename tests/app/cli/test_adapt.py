from __future__ import annotations

from pathlib import Path

from tests.app.cli.conftest import Run, one_line


def test_no_cts_is_wrong_use(starlung: Run) -> None:
    assert starlung("adapt", "--out", "out").exit_code == 2


def test_missing_cts_are_one_line(starlung: Run, tmp_path: Path) -> None:
    result = starlung("adapt", "--cts", tmp_path / "cts", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "cts: no such file or folder" in one_line(result.stderr)


def test_a_folder_without_a_ct_is_one_line(starlung: Run, tmp_path: Path) -> None:
    (tmp_path / "cts").mkdir()
    result = starlung("adapt", "--cts", tmp_path / "cts", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "cts: holds no CT images" in one_line(result.stderr)


def test_unknown_model(starlung: Run, tmp_path: Path) -> None:
    result = starlung("adapt", "--cts", tmp_path, "--out", tmp_path / "out", "--from", "nobody")
    assert result.exit_code == 2
    assert "nobody" in one_line(result.stderr)


def test_unknown_depth_is_wrong_use(starlung: Run, tmp_path: Path) -> None:
    result = starlung("adapt", "--cts", tmp_path, "--out", tmp_path / "out", "--how", "deeply")
    assert result.exit_code == 2


def test_output_that_is_a_file(starlung: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    result = starlung("adapt", "--cts", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "this is a file" in one_line(result.stderr)


def test_folder_in_use_needs_resume(starlung: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "adaptation.json").write_text("")
    result = starlung("adapt", "--cts", tmp_path, "--out", out)
    assert result.exit_code == 2
    assert "--resume" in one_line(result.stderr)


def test_sizes_that_the_engine_cannot_make_are_one_line(starlung: Run, tmp_path: Path) -> None:
    for option, value in (("--batch", "6"), ("--patch", "50")):
        result = starlung("adapt", "--cts", tmp_path, "--out", tmp_path / "out", option, value)
        assert result.exit_code == 2
        assert f"{option} must be a multiple" in one_line(result.stderr)
