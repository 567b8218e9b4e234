"""A file is there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from medical.files import write_atomic, written_atomically


def test_what_is_written_is_there_and_nothing_beside_it(tmp_path: Path) -> None:
    write_atomic(tmp_path / "one.json", "größer")
    write_atomic(tmp_path / "two.bin", b"\x00\x01")
    assert (tmp_path / "one.json").read_text("utf-8") == "größer"
    assert (tmp_path / "two.bin").read_bytes() == b"\x00\x01"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.json", "two.bin"]


def test_a_writer_that_fails_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "ct.nii.gz"
    write_atomic(path, b"earlier")
    with pytest.raises(OSError, match="disk"), written_atomically(path) as beside:
        assert beside.name.endswith(".nii.gz")
        beside.write_bytes(b"half of")
        assert path.read_bytes() == b"earlier"
        raise OSError("the disk is full")
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_do_not_write_into_each_other(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    with written_atomically(path) as first:
        first.write_text("first")
        write_atomic(path, "second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]
