from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import doctor
from app.web.components.viewer import build
from models.zoo import loader
from tests.app.cli.conftest import Run


@pytest.fixture(autouse=True)
def viewer_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "up_to_date", lambda: True)


def test_sound_installation(starlung: Run) -> None:
    result = starlung("doctor")
    assert result.exit_code == 0, result.stdout
    for part in ("torch", "openvino", "DICOM JPEG 2000", "viewer", loader.DEFAULT_MODEL, "memory"):
        assert part in result.stdout


def test_viewer_that_is_not_built(starlung: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "up_to_date", lambda: False)
    result = starlung("doctor")
    assert result.exit_code == 1
    assert "missing viewer: run `python -m app.web.components.viewer.build`" in result.stdout


def test_no_model_at_hand(starlung: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(loader, "SHIPPED", tmp_path / "none")
    result = starlung("doctor")
    assert result.exit_code == 1
    assert f"missing model {loader.DEFAULT_MODEL}" in result.stdout


def test_broken_imported_model_does_not_stop_the_rest(starlung: Run, work_dir: Path) -> None:
    folder = work_dir / "models" / "broken"
    folder.mkdir(parents=True)
    (folder / loader.CARD).write_text("{")
    result = starlung("doctor")
    assert result.exit_code == 0
    assert f"absent  model in {folder}" in result.stdout


def test_openvino_is_checked_without_its_usage_statistics() -> None:
    program = (
        "import sys; from app.cli.main import app; app(['doctor'], standalone_mode=False);"
        "assert not [m for m in sys.modules if m.startswith('openvino_telemetry.')]"
    )
    subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)


def test_doctor_speaks_to_programs(starlung: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_checks", lambda: iter([doctor.Check("disk", False, "full")]))
    result = starlung("doctor", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "good": False,
        "checks": [{"what": "disk", "result": "missing", "state": "full"}],
    }
