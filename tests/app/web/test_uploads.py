from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from app.web.uploads import safe_name, save_uploads
from medical.errors import InputError


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ct.nii.gz", "ct.nii.gz"),
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\IM 1.dcm", "IM_1.dcm"),
        ("..", "file"),
        (".hidden", "hidden"),
        ("", "file"),
        ("a\0b\n.zip", "a_b_.zip"),
    ],
)
def test_names_become_plain(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def test_long_names_keep_their_ending() -> None:
    assert len(safe_name("x" * 500 + ".zip")) == 100
    assert safe_name("x" * 500 + ".zip").endswith(".zip")


def test_one_file_is_the_input(tmp_path: Path) -> None:
    path = save_uploads([("ct.zip", 2, BytesIO(b"PK"))], tmp_path / "in", limit_bytes=10)
    assert path == tmp_path / "in" / "ct.zip"
    assert path.read_bytes() == b"PK"


def test_files_of_one_name_are_all_kept(tmp_path: Path) -> None:
    files = [("IM1", 1, BytesIO(b"a")), ("IM1", 1, BytesIO(b"b"))]
    folder = save_uploads(files, tmp_path / "in", limit_bytes=10)
    assert sorted(path.read_bytes() for path in folder.iterdir()) == [b"a", b"b"]


def test_too_much_is_refused_before_writing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than"):
        save_uploads([("ct.zip", 11, BytesIO(b""))], tmp_path / "in", limit_bytes=10)
    assert not (tmp_path / "in").exists()
