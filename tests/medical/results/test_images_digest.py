"""A CT is known again by what it shows, however its instances are packed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import ExplicitVRLittleEndian

from medical.ct.volume import CtVolume
from medical.files import Content
from medical.intake import open_input
from medical.results.folder import ResultFolder
from medical.results.images import images_digest
from tests.medical.dicom_out.conftest import geometry_of, write_ct


def repack(there: Path, here: Path, *, alter: bool = False) -> None:
    """Copy a CT without its compression, under other names; ``alter`` makes one pixel brighter."""
    here.mkdir()
    for number, file in enumerate(sorted(there.rglob("*.dcm"))):
        read: FileDataset = pydicom.dcmread(file)
        read.decompress(generate_instance_uid=False)
        assert read.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        if alter and number == 3:
            pixels = np.frombuffer(read.PixelData, np.uint16).copy()
            pixels[len(pixels) // 2] += 1
            read.PixelData = pixels.tobytes()
        read.save_as(here / f"{1000 - number}", enforce_file_format=True)


def load(folder: Path, work: Path) -> tuple[CtVolume, Content]:
    (handle,) = open_input(folder, work_dir=work).chosen
    return handle.load(), handle.content()


@pytest.mark.parametrize("direction", ["head first", "oblique"])
def test_another_transfer_syntax_shows_the_same_images(direction: str, tmp_path: Path) -> None:
    write_ct(tmp_path / "ct", geometry_of(direction), direction)
    repack(tmp_path / "ct", tmp_path / "unpacked")
    repack(tmp_path / "ct", tmp_path / "altered", alter=True)
    ct, content = load(tmp_path / "ct", tmp_path / "a")
    again, other_content = load(tmp_path / "unpacked", tmp_path / "b")
    altered, _ = load(tmp_path / "altered", tmp_path / "c")
    assert content.sha256 != other_content.sha256
    assert images_digest(again) == images_digest(ct)
    assert images_digest(altered) != images_digest(ct)


def test_the_digest_is_kept_beside_those_of_the_files(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    assert (folder.read_input(), folder.read_images_digest()) == ([], "")
    folder.write_input(Content("1" * 64, ("2" * 64,)))
    assert (folder.read_input(), folder.read_images_digest()) == (["2" * 64], "")
    folder.write_input(Content("1" * 64, ("2" * 64,)), images="3" * 64)
    assert (folder.read_input(), folder.read_images_digest()) == (["2" * 64], "3" * 64)
