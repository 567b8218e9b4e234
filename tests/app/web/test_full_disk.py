"""An upload that the disk cannot take: one sentence, and nothing half."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from app.web.views.intake import save_uploads
from medical.errors import InputError
from tests.full_disk import fill, small_disk


@pytest.mark.parametrize("names", [["one.zip"], ["a.dcm", "b.dcm", "c.dcm"]])
def test_a_full_disk_keeps_nothing_of_an_upload(names: list[str], tmp_path: Path) -> None:
    content = bytes(2_000_000)
    with small_disk(tmp_path / "disk", size="1m") as disk:
        files = [(name, len(content), io.BytesIO(content)) for name in names]
        with pytest.raises(InputError, match="disk is full; nothing was saved"):
            save_uploads(files, disk / "upload" / "input", limit_bytes=10**9)
        assert not (disk / "upload" / "input").exists()
        (disk / "upload" / "still").write_bytes(bytes(500_000))  # the space is free again


def test_a_disk_that_is_full_already_is_told_too(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size="1m") as disk:
        fill(disk)
        file = ("one.zip", 70_000, io.BytesIO(bytes(70_000)))
        with pytest.raises(InputError, match="disk is full"):
            save_uploads([file], disk / "input", limit_bytes=10**9)


def test_the_sentence_names_no_folder_of_the_server(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size="1m", read_only=True) as disk:
        file = ("one.zip", 10, io.BytesIO(bytes(10)))
        with pytest.raises(InputError) as refused:
            save_uploads([file], disk / "input", limit_bytes=10**9)
    assert str(tmp_path) not in str(refused.value)
