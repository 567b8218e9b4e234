"""The lines of ``docs/python.md`` run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.medical.scoring.small_chest import write_small_chest

pytestmark = pytest.mark.heavy

PAGE = Path(__file__).parents[3] / "docs" / "python.md"


def test_the_lines_of_the_page_find_the_nodule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len([line for line in lines.splitlines() if line.strip()]) == 5
    (tmp_path / "sample_data" / "ct").mkdir(parents=True)
    write_small_chest(tmp_path / "sample_data" / "ct" / "chest.nii.gz", seed=1)
    monkeypatch.chdir(tmp_path)
    exec(compile(lines, str(PAGE), "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    assert printed
    assert 0 < float(printed[0].split()[0]) <= 1
    assert (tmp_path / "results" / "predictions.csv").is_file()
