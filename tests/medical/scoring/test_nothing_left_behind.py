"""All that a run leaves behind is searched for the patient, whose name stands wherever one can."""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from app.web.views.intake import save_uploads
from medical.geometry import VolumeGeometry
from medical.review.worklist import worklist
from medical.store.audit import newest
from medical.store.database import open_store, sqlite_url
from medical.store.queue import enqueue
from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.medical.scoring.small_chest import write_small_chest

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).parents[3]
MARK = "Geheimrat"
LABELS = CtLabels("left behind", f"{MARK}^Hans^a^b^c^d", f"{MARK}-4711", f"Thorax {MARK}")


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small chest as DICOM, with the name in every text of the header, valid or not."""
    folder = tmp_path_factory.mktemp("chest")
    write_small_chest(folder / "chest.nii.gz", seed=1)
    hu = np.asarray(nibabel.load(folder / "chest.nii.gz").dataobj).T
    geometry = VolumeGeometry.axial(shape=hu.shape, spacing_mm=(2.0, 2.0, 2.0))
    hu = np.clip(hu, -1024, 3000).astype(np.int16)
    write_ct_series(hu, geometry, folder / "ct", labels=LABELS)
    for path in (folder / "ct").iterdir():
        header = pydicom.dcmread(path)
        header.AccessionNumber = f"{MARK}-A1"
        for name in ("ReferringPhysicianName", "OperatorsName", "OtherPatientNames"):
            setattr(header, name, f"{MARK}^X")
        for name in ("StudyDescription", "ProtocolName", "ImageComments", "PatientComments"):
            setattr(header, name, f"of {MARK}")
        header.StudyID = MARK
        header.add_new((0x0009, 0x0010), "LO", MARK)
        header.add_new((0x0009, 0x1001), "LO", MARK)
        header["PatientBirthDate"]._value = f"born {MARK}"
        header["StudyTime"]._value = f"at {MARK}"
        with pydicom.config.disable_value_validation():
            header.save_as(path)
    return folder / "ct"


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """All files, unpacked where they are packed."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        yield path, gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def holding(folder: Path) -> list[str]:
    """Names and contents in which the patient stands, in any writing."""
    writings = [text.encode(code) for text in (MARK, MARK.upper(), MARK.lower())
                for code in ("utf-8", "utf-16-le")]  # fmt: skip
    named = [str(path) for path in folder.rglob("*") if MARK.lower() in path.name.lower()]
    return named + [
        str(path)
        for path, content in contents(folder)
        if any(writing in content for writing in writings)
    ]


def tables_holding(database: Path) -> set[str]:
    """Names of the tables in which the patient stands, in headers that are packed too."""
    with closing(sqlite3.connect(database)) as opened:
        names = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = {name: opened.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names}
    return {
        name
        for name, values in rows.items()
        if any(MARK.lower().encode() in as_bytes(value).lower() for row in values for value in row)
    }


def as_bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        return str(value).encode()
    try:
        packed = tarfile.open(fileobj=io.BytesIO(value))  # noqa: SIM115
    except tarfile.TarError:
        return value
    with packed:
        files = [packed.extractfile(member) for member in packed]
        return b"".join(file.read() for file in files if file)


def run(*command: str, folder: Path) -> str:
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    given = {"STARLUNG_WORK_DIR": str(folder / "work"), "STARLUNG_SAMPLES": "2"}
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli.main", *command],
        env=os.environ | given | {"TMPDIR": str(folder / "tmp")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


def test_a_server_s_run_leaves_the_patient_in_the_upload_only(series: Path, tmp_path: Path) -> None:
    archive = tmp_path / f"{MARK} Hans.zip"
    write_small_chest(tmp_path / "a.nii.gz", seed=2)
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(series.iterdir()):
            target.write(path, f"{MARK}/Hans/{path.name}")
        slice_bytes = sorted(series.iterdir())[-1].read_bytes()
        target.writestr(f"{MARK}/Hans/cut short {MARK}.dcm", slice_bytes[: len(slice_bytes) - 100])
        target.write(tmp_path / "a.nii.gz", f"{MARK}_Hans_19500101.nii.gz")
        target.writestr(f"{MARK}/broken {MARK}.nii", b"rubbish")
        target.writestr(f"{MARK}/broken {MARK}.dcm", bytes(128) + b"DICM" + MARK.encode() * 20)
    work = tmp_path / "run" / "work"
    with archive.open("rb") as stream:
        source = save_uploads(
            [(archive.name, archive.stat().st_size, stream)],
            work / "uploads" / "x" / "input",
            limit_bytes=1 << 30,
        )
    store = open_store(sqlite_url(work / "store.sqlite"))
    enqueue(store, source, root=work / "studies", actor="anna")
    completed = run("worker", "--until-empty", folder=tmp_path / "run")
    studies = worklist(store)
    store.close()
    # the series, the volume, and what is damaged beside them: a study each
    assert sorted(study.status for study in studies) == ["failed", "ready", "ready"], completed
    results = [len(list(Path(study.folder).glob("*/findings.json"))) for study in studies]
    assert sorted(results) == [0, 1, 1]
    source.unlink()  # what was sent is kept for a day, see docs/security.md
    assert MARK.lower() not in completed.lower()
    # who it is lives in the store (docs/security.md): in its own table and in the CT's headers
    assert holding(tmp_path / "run") == [str(work / "store.sqlite")]
    assert tables_holding(work / "store.sqlite") == {"identities", "series"}
    assert not [
        path for path in (tmp_path / "run" / "tmp").iterdir() if path.name[:8] == "starlung"
    ]


def test_a_failure_of_the_program_says_nothing_of_the_header(series: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    work = folder / "work"
    (tmp_path / "in").mkdir()
    for path in series.iterdir():
        (tmp_path / "in" / path.name).write_bytes(path.read_bytes())
    store = open_store(sqlite_url(work / "store.sqlite"))
    enqueue(store, tmp_path / "in", root=work / "studies", actor="anna")
    (work / "studies").write_text("where the result should go")
    completed = run("worker", "--until-empty", folder=folder)
    (study,) = worklist(store)
    assert study.status == "failed"
    assert newest(store, 1)[0].action == "failed"
    store.close()
    assert MARK not in completed + study.failure
    assert holding(folder) == []


def test_a_map_for_an_archive_carries_the_patient_and_is_its_owner_s_only(
    series: Path, tmp_path: Path
) -> None:
    out, valid = tmp_path / "run" / "out", tmp_path / "valid"
    valid.mkdir()
    for path in series.iterdir():  # an archive takes no map whose header is not valid
        header = pydicom.dcmread(path)
        header.PatientName, header.PatientBirthDate, header.StudyTime = f"{MARK}^Hans", "", ""
        header.save_as(valid / path.name)
    completed = run(
        "score", str(valid), "--out", str(out), "--format", "heatmap", folder=tmp_path / "run"
    )
    assert MARK not in completed
    holders = holding(tmp_path / "run")
    assert holders
    for name in holders:
        assert Path(name).suffix == ".dcm"
        assert Path(name).stat().st_mode & 0o777 == 0o600
