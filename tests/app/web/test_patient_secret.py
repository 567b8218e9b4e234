from __future__ import annotations

from pathlib import Path

from app.web.security.secrets import patient_secret


def test_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = patient_secret(tmp_path / "work")
    assert len(first) == 32
    assert patient_secret(tmp_path / "work") == first
    (file,) = (tmp_path / "work").iterdir()
    assert file.stat().st_mode & 0o077 == 0
