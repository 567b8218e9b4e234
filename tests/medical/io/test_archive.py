"""Zips that nobody vouches for."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from medical.errors import InputError
from tests.medical.dicom.make import expected, series, take


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return target


def test_zip(tmp_path: Path) -> None:
    path = zipped(series(tmp_path / "in"), tmp_path / "ct.zip")
    handle = take(path, tmp_path).chosen[0]
    np.testing.assert_array_equal(handle.load().hu, expected(8))
    assert handle.path == path


def test_zip_in_zip(tmp_path: Path) -> None:
    (tmp_path / "outer").mkdir()
    zipped(series(tmp_path / "in"), tmp_path / "outer" / "ct.zip")
    assert len(take(zipped(tmp_path / "outer", tmp_path / "o.zip"), tmp_path).chosen) == 1


def test_zip_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    zipped(series(tmp_path / "in"), tmp_path / "folder" / "ct.zip")
    assert len(take(tmp_path / "folder", tmp_path).chosen) == 1


def test_endless_nesting_is_not_followed(tmp_path: Path) -> None:
    content = b""
    for _ in range(6):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("next.zip", content)
        content = buffer.getvalue()
    path = tmp_path / "endless.zip"
    path.write_bytes(content)
    intake = take(path, tmp_path)
    assert len(intake.errors) == 1
    assert "inside 3 other zips" in str(intake.errors[0])


def test_paths_outside_are_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    path = zipped(series(tmp_path / "in"), tmp_path / "ct.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../evil.txt", "x")
        archive.writestr(str(tmp_path / "outside" / "evil.txt"), "x")
        archive.writestr("..\\evil.txt", "x")
    intake = take(path, tmp_path)
    assert len(intake.chosen) == 1
    assert "3 entries" in str(intake.errors[0])
    assert not list(tmp_path.rglob("*evil*"))


def test_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("link.dcm")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    take(path, tmp_path)
    assert not [path for path in (tmp_path / "work-dir").rglob("*") if path.is_symlink()]
    assert not list((tmp_path / "work-dir").rglob("link.dcm"))


def test_bomb_stops_at_the_limit_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"{number}.dcm", bytes(1 << 20))
    intake = take(path, tmp_path, zip_limit_bytes=5 << 20)
    assert "unpacks to more than" in str(intake.errors[0])
    assert not [path for path in (tmp_path / "work-dir").rglob("*") if path.is_file()]


def test_one_name_twice(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    path = tmp_path / "ct.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr("image", file.read_bytes())
    np.testing.assert_array_equal(take(path, tmp_path).chosen[0].load().hu, expected(8))


def test_damaged_zip(tmp_path: Path) -> None:
    path = zipped(series(tmp_path / "in"), tmp_path / "ct.zip")
    path.write_bytes(path.read_bytes()[:5000])
    intake = take(path, tmp_path)
    assert len(intake.errors) == 1
    assert "damaged" in str(intake.errors[0])


def test_password(tmp_path: Path) -> None:
    path = zipped(series(tmp_path / "in", slices=2), tmp_path / "ct.zip")
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    path.write_bytes(bytes(content))
    assert "password" in str(take(path, tmp_path).errors[0])


def test_errors_name_the_zip_not_the_work_folder(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    (folder / "inner").mkdir()
    (folder / "inner" / "note.dcm").write_text("no image")
    intake = take(zipped(folder, tmp_path / "ct.zip"), tmp_path)
    assert str(intake.errors[0]).startswith(f"{tmp_path / 'ct.zip' / 'inner' / 'note.dcm'}: ")


def test_volume_file_in_a_zip(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "case.nii").write_bytes(b"rubbish")
    handle = take(zipped(tmp_path / "in", tmp_path / "ct.zip"), tmp_path).chosen[0]
    with pytest.raises(InputError) as caught:
        handle.load()
    assert "work-dir" not in str(caught.value)


def test_missing_uid_in_a_zip_is_named_after_it(tmp_path: Path) -> None:
    path = zipped(series(tmp_path / "in", SeriesInstanceUID=None), tmp_path / "case7.zip")
    assert take(path, tmp_path).chosen[0].series_instance_uid == "case7"
