"""What compressing needs is said before hours of teaching, not after them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from models.zoo.loader import DEFAULT_MODEL
from tests.app.cli.conftest import Run, one_line


def test_packages_that_are_missing_are_named_at_once(
    starlung: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = ("onnxruntime", "torch_pruning")
    monkeypatch.setattr(
        "app.cli.compress.find_spec",
        lambda name: None if name in absent else find_spec("json"),
    )
    out = tmp_path / "out"
    result = starlung("compress", "--model", DEFAULT_MODEL, "--cases", tmp_path, "--out", out)
    assert result.exit_code == 2
    line = one_line(result.stderr)
    assert "needs onnxruntime and torch-pruning" in line and "extra 'train'" in line
    assert not out.exists()
