"""A folder that results cannot go to is refused before any time is spent on scoring."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from tests.full_disk import fill, small_disk

SAMPLE = Path(__file__).parents[3] / "sample_data" / "ct"


def score_into(out: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["score", str(SAMPLE), "--out", str(out)])
    return result.exit_code, result.stderr


@pytest.mark.parametrize("read_only", [True, False])
def test_a_folder_that_cannot_be_written_is_refused_at_once(
    read_only: bool, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", size="1m", read_only=read_only) as disk:
        if not read_only:
            fill(disk)
        code, message = score_into(disk)
    assert code == 2
    assert message.count("\n") == 1
    assert "cannot be written" in message
    assert "--out" in message
