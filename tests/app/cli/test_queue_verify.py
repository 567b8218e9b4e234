"""``starlung queue verify`` tells entries with the site's key from those of an earlier version."""

from __future__ import annotations

from pathlib import Path

from app.settings import Settings
from medical.store.database import open_store
from medical.store.queue import enqueue
from tests.app.cli.conftest import Run, one_line


def test_entries_without_a_key_are_named(starlung: Run, work_dir: Path) -> None:
    plain = open_store(Settings(work_dir=work_dir).address_of_store())
    enqueue(plain, Path("ct"), root=Path("r"), actor="anna")
    plain.close()
    result = starlung("queue", "verify")
    assert result.exit_code == 0
    assert one_line(result.stderr).startswith("entries up to number 1 carry no key")
    assert result.stdout.startswith("2 entries, whole.")


def test_a_trail_that_carries_the_key_is_whole_without_a_word(
    starlung: Run, work_dir: Path
) -> None:
    work_dir.mkdir()
    (work_dir / "ct.nii.gz").write_bytes(b"")
    starlung("queue", "add", work_dir / "ct.nii.gz")
    result = starlung("queue", "verify")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("1 entry, whole.")
