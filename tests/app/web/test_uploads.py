from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from app.web.views.intake import neutral_name, save_uploads
from medical.errors import InputError
from medical.io.volume_files import read_volume_file
from medical.results.search import result_folders


@pytest.mark.parametrize(
    ("given", "neutral"),
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
def test_names_are_forgotten_their_endings_kept(given: str, neutral: str) -> None:
    assert neutral_name(given, 7) == neutral


@pytest.mark.parametrize("ending", ["mhd", "nhdr"])
def test_a_header_and_its_data_stay_together_under_numbers(ending: str, tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(np.full((6, 5, 4), -1000, np.int16))
    made = tmp_path / "made"
    made.mkdir()
    sitk.WriteImage(image, str(made / f"Muster Hans.{ending}"), ending == "nhdr")
    files = [(path.name, 1, path.open("rb")) for path in sorted(made.iterdir())]
    folder = save_uploads(files, tmp_path / "in", limit_bytes=10)
    assert sorted(path.name.partition(".")[0] for path in folder.iterdir()) == ["0001", "0002"]
    assert not [path for path in folder.iterdir() if b"Muster" in path.read_bytes()]
    header = next(path for path in folder.iterdir() if path.name.endswith(ending))
    assert (read_volume_file(header).hu == -1000).all()


def test_a_header_can_name_only_what_was_uploaded_with_it(tmp_path: Path) -> None:
    text = b"ObjectType = Image\nNDims = 3\nElementDataFile = /etc/passwd\n"
    files = [("ct.mhd", 1, BytesIO(text)), ("/etc/passwd", 1, BytesIO(b"b"))]
    folder = save_uploads(files, tmp_path / "in", limit_bytes=10)
    assert b"= 0002" in (folder / "0001.mhd").read_bytes()


@pytest.mark.parametrize("header", ["ct.mhd", "CT.NHDR"])
@pytest.mark.parametrize("pixels", ["ct.raw", "ct.raw.gz"])
def test_two_headers_never_share_the_voxels_of_the_later_one(
    header: str, pixels: str, tmp_path: Path
) -> None:
    names = (header, pixels, header, pixels)
    files = [(name, 1, BytesIO(f"of file {n}".encode())) for n, name in enumerate(names)]
    with pytest.raises(InputError, match="two files of the same name") as caught:
        save_uploads(files, tmp_path / "in", limit_bytes=10)
    assert pixels not in str(caught.value)
    assert not (tmp_path / "in").exists()


def test_slices_of_one_name_are_kept_each(tmp_path: Path) -> None:
    files = [("IM1.dcm", 1, BytesIO(b"a")), ("IM1.dcm", 1, BytesIO(b"b"))]
    folder = save_uploads(files, tmp_path / "in", limit_bytes=10)
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == [b"a", b"b"]


def test_a_result_among_uploads_is_not_called_one(tmp_path: Path) -> None:
    files = [("x.mhd", 1, BytesIO(b"a")), ("findings.json", 1, BytesIO(b"{}"))]
    folder = save_uploads(files, tmp_path / "in", limit_bytes=10)
    assert sorted(path.name for path in folder.iterdir()) == ["0001.mhd", "0002"]
    assert result_folders(folder) == []


def test_a_full_disk_leaves_nothing_half(tmp_path: Path) -> None:
    class Full(BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(28, "No space left on device")

    files = [("a.dcm", 1, BytesIO(b"a")), ("b.dcm", 1, Full())]
    with pytest.raises(InputError, match="disk is full"):
        save_uploads(files, tmp_path / "in", limit_bytes=10)
    assert not (tmp_path / "in").exists()


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
