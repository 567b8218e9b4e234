"""Sound files of every kind that the readers take, small, to be damaged."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
from pydicom.fileset import FileSet
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.medical.dicom.make import series
from tests.medical.dicom_out.conftest import geometry_of
from tests.medical.training.cases.sources.made import (
    made_ct,
    write_report,
    write_segmentation,
    write_structure_set,
)

REAL = Path(__file__).parents[2] / "sample_data" / "ct"


@dataclass(frozen=True, slots=True)
class Seed:
    """A sound input.

    Args:
        kind: by which a finding is told.
        folder: all of it.
        victim: the file to damage, below the folder.
        reader: ``open`` for CTs and what holds them, else the kind of lesion.
    """

    kind: str
    folder: Path
    victim: str
    reader: str = "open"


def make_seeds(top: Path) -> list[Seed]:
    """Write one of each kind."""
    return [*_volumes(top / "volumes"), *_dicom(top / "dicom"), *_lesions(top / "lesions")]


def _dicom(top: Path) -> list[Seed]:
    seeds = []
    syntaxes = {"rle": RLELossless, "jpeg2000": JPEG2000Lossless, "jpegls": JPEGLSLossless}
    of_study = {"StudyDate": "20240102", "StudyTime": "101500", "StudyID": "1"}
    series(top / "plain", slices=5, **of_study)
    seeds.append(Seed("dicom", top / "plain", sorted((top / "plain").iterdir())[2].name))
    for name, syntax in syntaxes.items():
        folder = shutil.copytree(top / "plain", top / name)
        for file in folder.iterdir():
            image = pydicom.dcmread(file)
            image.compress(syntax, generate_instance_uid=False)
            image.save_as(file)
        seeds.append(Seed(f"dicom {name}", folder, sorted(folder.iterdir())[2].name))
    real = top / "real"
    real.mkdir(parents=True)
    for file in sorted(REAL.iterdir())[60:64]:
        shutil.copy(file, real)
    seeds.append(Seed("dicom real", real, sorted(real.iterdir())[1].name))
    chinese = top / "chinese"
    geometry = geometry_of("oblique")
    labels = CtLabels("fuzz", "Wang^XiaoDong=王^小东", "TEST-1", "made for a test")
    write_ct_series(np.full(geometry.shape, -850, np.int16), geometry, chinese, labels=labels)
    seeds.append(Seed("dicom oblique", chinese, sorted(chinese.iterdir())[3].name))
    medium = FileSet()
    for file in (top / "plain").iterdir():
        medium.add(file)
    medium.write(top / "medium")
    seeds.append(Seed("dicomdir", top / "medium", "DICOMDIR"))
    for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        folder = top / f"zip-{name}"
        folder.mkdir()
        with zipfile.ZipFile(folder / "ct.zip", "w", method) as archive:
            for file in sorted((top / "plain").iterdir()):
                archive.write(file, f"study/{file.name}")
        seeds.append(Seed(f"zip {name}", folder, "ct.zip"))
    return seeds


def _volumes(top: Path) -> list[Seed]:
    hu = np.random.default_rng(0).integers(-1000, 300, (14, 12, 10)).astype(np.int16)
    hu[:, 0] = -1000
    image = nib.nifti1.Nifti1Image(hu, np.diag([0.8, 0.8, 2.0, 1.0]))
    seeds = []
    for name in ("plain.nii", "packed.nii.gz"):
        (top / name).mkdir(parents=True)
        nib.loadsave.save(image, top / name / name)
        seeds.append(Seed(name, top / name, name))
    headers = {
        "raw.nrrd": "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\n"
        "sizes: 14 12 10\nspace directions: (0.8,0,0) (0,0.8,0) (0,0,2)\nkinds: domain domain "
        "domain\nendian: little\nencoding: raw\nspace origin: (0,0,0)\n\n",
        "own.mha": "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = "
        "False\nCompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\n"
        "ElementSpacing = 0.8 0.8 2\nDimSize = 14 12 10\nElementType = MET_SHORT\n"
        "ElementDataFile = LOCAL\n",
    }
    for name, header in headers.items():
        (top / name).mkdir(parents=True)
        (top / name / name).write_bytes(header.encode() + hu.T.tobytes())
        seeds.append(Seed(name, top / name, name))
    return seeds


def _lesions(top: Path) -> list[Seed]:
    ct = made_ct(top / "ct")
    seeds = []
    for name, reader in (("seg", "seg"), ("rtstruct", "rtstruct")):
        folder = top / name
        folder.mkdir()
        if name == "seg":
            write_segmentation(folder / "object.dcm", ct)
        else:
            write_structure_set(folder / "object.dcm")
        seeds.append(Seed(name, folder, "object.dcm", reader))
    for region in ("ellipsoid", "outline", "image"):
        folder = top / f"sr-{region}"
        folder.mkdir()
        write_report(folder / "object.dcm", ct, region=region)
        seeds.append(Seed(f"sr {region}", folder, "object.dcm", "sr"))
    return seeds
