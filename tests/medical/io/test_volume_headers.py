"""Headers of volume files that would have us open what they name."""

from __future__ import annotations

import bz2
import gzip
import os
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from medical.errors import InputError
from medical.io.volume_files import read_mask_file, read_volume_file

SIZE = (4, 5, 6)
SECRET = np.full(int(np.prod(SIZE)), -777, np.int16).tobytes()
OWN = np.full(int(np.prod(SIZE)), -1000, np.int16).tobytes()
META = "ObjectType = Image\nNDims = 3\nDimSize = 4 5 6\nElementType = MET_SHORT\n"
META += "ElementSpacing = 1 1 2\nOffset = 0 0 0\n"
NRRD = "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 4 5 6\n"
NRRD += "space directions: (1,0,0) (0,1,0) (0,0,2)\nspace origin: (0,0,0)\nendian: little\n"
NRRD += "encoding: raw\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What may be read; the secret lies beside it."""
    (tmp_path / "secret.raw").write_bytes(SECRET)
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "own.raw").write_bytes(OWN)
    return inside


def meta(end: str) -> bytes:
    return (META + end + "\n").encode() + OWN


def nrrd(more: str) -> bytes:
    return (NRRD + more + "\n").encode() + OWN


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_volume_file(path)
    assert "\n" not in str(caught.value)
    assert "(ValueError)" not in str(caught.value)
    return str(caught.value)


META_ATTACKS: dict[str, Callable[[Path], str]] = {
    "another case first": lambda s: f"elementdatafile = LOCAL\nElementDataFile = {s}",
    "another case first, up": lambda _: "elementdatafile = LOCAL\nElementDataFile = ../secret.raw",
    "another case first, list": lambda s: f"elementdatafile = LOCAL\nElementDataFile = LIST\n{s}",
    "blanks in the key": lambda s: f"ElementData File = LOCAL\nElementDataFile = {s}",
    "twice": lambda s: f"NDims = 3\nElementDataFile = {s}",
    "absolute": lambda s: f"ElementDataFile = {s}",
    "up": lambda _: "ElementDataFile = ../secret.raw",
    "up on the way": lambda _: "ElementDataFile = a/../../secret.raw",
    "up as Windows has it": lambda _: "ElementDataFile = ..\\secret.raw",
    "a list": lambda s: f"ElementDataFile = LIST\n{s}",
    "a list of two dimensions": lambda s: f"ElementDataFile = LIST 2\n{s}",
    "a pattern": lambda _: "ElementDataFile = own%d.raw 1 6 1",
    "a link": lambda _: "ElementDataFile = link.raw",
    "a link to a folder": lambda _: "ElementDataFile = up/secret.raw",
    "a pipe": lambda _: "ElementDataFile = pipe.raw",
    "a folder": lambda _: "ElementDataFile = .",
    "the kernel's": lambda _: "ElementDataFile = /proc/self/environ",
    "a NUL byte": lambda s: f"ElementDataFile = own.raw\0{s}",
    "a lone carriage return": lambda s: (
        f"Comment = x\rElementDataFile = {s}\nElementDataFile = LOCAL"
    ),
    "not quite LOCAL": lambda _: "ElementDataFile = Local",
    "two origins": lambda _: "Position = 9 9 9\nElementDataFile = LOCAL",
    "two byte orders": lambda _: (
        "ElementByteOrderMSB = False\nBinaryDataByteOrderMSB = True\nElementDataFile = LOCAL"
    ),
}


@pytest.mark.parametrize("ending", ["mhd", "mha"])
@pytest.mark.parametrize("name", META_ATTACKS)
def test_a_meta_image_that_names_other_files_is_refused(
    name: str, ending: str, folder: Path
) -> None:
    (folder / "link.raw").symlink_to(folder.parent / "secret.raw")
    (folder / "up").symlink_to(folder.parent)
    os.mkfifo(folder / "pipe.raw")
    path = folder / f"ct.{ending}"
    path.write_bytes(meta(META_ATTACKS[name](folder.parent / "secret.raw")))
    refusal(path)


NRRD_ATTACKS: dict[str, Callable[[Path], str]] = {
    "long comments first": lambda s: "# x\n" * 20_000 + f"data file: {s}\n",
    "a note as a field": lambda s: f"data file:=LOCAL\ndata file: {s}\n",
    "a note of another case": lambda s: f"Data File:=LOCAL\ndata file: {s}\n",
    "both spellings": lambda s: f"datafile: own.raw\ndata file: {s}\n",
    "another case": lambda s: f"DATA FILE: {s}\n",
    "two blanks": lambda s: f"data  file: {s}\n",
    "a blank before the colon": lambda s: f"data file : {s}\n",
    "absolute": lambda s: f"data file: {s}\n",
    "up": lambda _: "data file: ../secret.raw\n",
    "a list": lambda s: f"data file: LIST\n{s}\n",
    "a list of slices": lambda s: f"data file: LIST 2\n{s}\n",
    "a pattern": lambda _: "data file: ../secret%03d.raw 1 6 1\n",
    "a link": lambda _: "data file: link.raw\n",
    "the kernel's": lambda _: "data file: /proc/self/environ\n",
    "lines skipped": lambda _: "line skip: 1\n",
    "bytes skipped": lambda _: "byte skip: 99999999999\n",
    "no empty line": lambda _: "content: x",
}


@pytest.mark.parametrize("ending", ["nrrd", "nhdr"])
@pytest.mark.parametrize("name", NRRD_ATTACKS)
def test_an_nrrd_that_names_other_files_is_refused(name: str, ending: str, folder: Path) -> None:
    (folder / "link.raw").symlink_to(folder.parent / "secret.raw")
    (folder / ":LOCAL").write_bytes(OWN)
    path = folder / f"ct.{ending}"
    path.write_bytes(nrrd(NRRD_ATTACKS[name](folder.parent / "secret.raw")))
    refusal(path)


def test_masks_are_read_as_strictly(folder: Path) -> None:
    path = folder / "ct_mask.mhd"
    path.write_bytes(meta(META_ATTACKS["another case first"](folder.parent / "secret.raw")))
    with pytest.raises(InputError):
        read_mask_file(path)


@pytest.mark.parametrize("name", ["own.raw", "my ct.raw", "患者一.raw", "50%.raw", "a/b/own.raw"])
def test_a_file_beside_is_read_whatever_it_is_called(name: str, folder: Path) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(OWN)
    (folder / "a.mhd").write_bytes(meta(f"ElementDataFile = {name}"))
    (folder / "b.nhdr").write_bytes(nrrd(f"data file: {name}\n"))
    for path in (folder / "a.mhd", folder / "b.nhdr"):
        assert (read_volume_file(path).hu == -1000).all()


def test_notes_and_unknown_keys_do_no_harm(folder: Path) -> None:
    (folder / "a.mha").write_bytes(meta("Comment = any\nITK_Name = x\nElementDataFile = LOCAL"))
    (folder / "b.nrrd").write_bytes(nrrd("# made by hand\nanything:=goes\n"))
    for path in (folder / "a.mha", folder / "b.nrrd"):
        assert (read_volume_file(path).hu == -1000).all()


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("nrrd", NRRD.replace("space directions: (1,0,0) (0,1,0) (0,0,2)\n", "")),
        ("nrrd", NRRD.replace("left-posterior-superior", "scanner-xyz")),
        ("nrrd", NRRD + 'space units: "cm" "cm" "cm"\n'),
        ("mha", META.replace("ElementSpacing = 1 1 2\n", "")),
        ("mha", META.replace("Offset = 0 0 0\n", "")),
        ("mha", META + "DistanceUnits = cm\n"),
    ],
)
def test_without_size_or_place_it_is_refused_as_a_nifti_is(
    ending: str, text: str, folder: Path
) -> None:
    path = folder / f"ct.{ending}"
    last = "\n" if ending == "nrrd" else "ElementDataFile = LOCAL\n"
    path.write_bytes((text + last).encode() + OWN)
    assert "header does not say" in refusal(path) or "millimetres" in refusal(path)


def bomb(kind: str) -> bytes:
    """A header for 8 MB, and behind it what unpacks to a quarter of a gigabyte."""
    plane = np.full(256 * 256, -1000, np.int16).tobytes()
    many, more = plane * 64, bytes(1 << 28)
    if kind == "mha":
        text = META + "CompressedData = True\nElementDataFile = LOCAL\n"
        content = zlib.compress(many + more, 1)
    elif kind == "gzip":
        text = NRRD.replace("raw", kind) + "\n"
        content = gzip.compress(many, 1) + gzip.compress(more, 1)
    else:
        text = NRRD.replace("raw", kind) + "\n"
        content = bz2.compress(many) + bz2.compress(bytes(1 << 24)) * 16
    return text.replace("4 5 6", "256 256 64").encode() + content


@pytest.mark.parametrize("kind", ["mha", "gzip", "bzip2"])
def test_a_bomb_unpacks_to_no_more_than_it_announces(kind: str, folder: Path) -> None:
    path = folder / f"ct.{'mha' if kind == 'mha' else 'nrrd'}"
    path.write_bytes(bomb(kind))
    tracemalloc.start()
    try:
        assert (read_volume_file(path).hu == -1000).all()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20


def test_a_packed_header_that_points_far_behind_is_not_unpacked_up_to_there(folder: Path) -> None:
    path = folder / "ct.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.full((6, 5, 4), -1000, np.int16)), str(path))
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[108:112] = np.float32(1 << 30).tobytes()
    path.write_bytes(gzip.compress(bytes(content) + bytes(1 << 26)))
    assert "far behind" in refusal(path)


@pytest.mark.parametrize("sizes", ["4 5 200000000", "26000 26000 2", "2 2 5000"])
def test_a_plane_or_an_axis_without_end_is_refused(sizes: str, folder: Path) -> None:
    path = folder / "ct.nrrd"
    text = NRRD.replace("4 5 6", sizes).replace("raw", "bzip2").replace("short", "double")
    path.write_bytes((text + "\n").encode() + bz2.compress(bytes(1 << 20)))
    assert "too large to read" in refusal(path)


def test_gzip_in_several_members_is_read_to_the_end(folder: Path) -> None:
    path = folder / "ct.nrrd"
    text = NRRD.replace("raw", "gzip") + "\n"
    path.write_bytes(text.encode() + gzip.compress(OWN[:70]) + gzip.compress(OWN[70:]))
    assert (read_volume_file(path).hu == -1000).all()
