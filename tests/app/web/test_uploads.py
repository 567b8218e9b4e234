from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from app.web.uploads import neutral_name, save_uploads
from medical.errors import InputError


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Muster_Hans_1950.NII.GZ", "0007.nii.gz"),
        ("../../etc/passwd", "0007"),
        ("C:\\scans\\IM 1.dcm", "0007.dcm"),
        ("..", "0007"),
        ("", "0007"),
        ("a\0b\n.zip", "0007.zip"),
        ("x" * 500 + ".zip", "0007.zip"),
    ],
)
def test_names_are_forgotten_their_endings_kept(given: str, kept: str) -> None:
    assert neutral_name(given, 7) == kept


def test_a_header_and_its_data_keep_the_names_that_join_them(tmp_path: Path) -> None:
    files = [("ct.mhd", 1, BytesIO(b"a")), ("../ct.raw", 1, BytesIO(b"b"))]
    folder = save_uploads(files, tmp_path / "in", limit_bytes=10)
    assert sorted(path.name for path in folder.iterdir()) == ["ct.mhd", "ct.raw"]


def test_one_file_is_the_input(tmp_path: Path) -> None:
    path = save_uploads([("ct.zip", 2, BytesIO(b"PK"))], tmp_path / "in", limit_bytes=10)
    assert path == tmp_path / "in" / "0001.zip"
    assert path.read_bytes() == b"PK"


def test_files_of_one_name_are_all_kept(tmp_path: Path) -> None:
    files = [("IM1", 1, BytesIO(b"a")), ("IM1", 1, BytesIO(b"b"))]
    folder = save_uploads(files, tmp_path / "in", limit_bytes=10)
    assert sorted(path.read_bytes() for path in folder.iterdir()) == [b"a", b"b"]


def test_too_much_is_refused_before_writing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than"):
        save_uploads([("ct.zip", 11, BytesIO(b""))], tmp_path / "in", limit_bytes=10)
    assert not (tmp_path / "in").exists()
