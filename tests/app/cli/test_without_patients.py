"""``starlung score --deidentify``: nothing that a run writes names whose images they were."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from tests.app.cli.conftest import Run, one_line
from tests.medical.node.test_round_trip import IDENTITY, NAME, write_chest

SECRET = b"sixteen bytes, or rather more"
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(SECRET)
    return tmp_path / "secret"


def contents(folder: Path) -> bytes:
    """Names and bytes of all that lies in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"\n".join(str(path).encode() + path.read_bytes() for path in files)


@pytest.mark.heavy
def test_a_run_leaves_pseudonyms_and_new_uids_alone(
    starlung: Run, secret: Path, tmp_path: Path
) -> None:
    files = write_chest(tmp_path / f"{NAME} {IDENTITY}")
    options = ("--deidentify", secret, "--samples", 2, "--format", "json,csv,sr,seg,kos,cad-sr,pdf")
    out = tmp_path / "out"
    given = ("score", files[0].parent, "--out", out, *options)
    result = starlung(*given)
    assert result.exit_code == 0, result.stderr
    header = pydicom.dcmread(files[0])
    everything = contents(out).replace(str(out).encode(), b"") + result.output.encode()
    for word in (*NAME.split("^"), IDENTITY, *(str(header[name].value) for name in UIDS)):
        assert word.encode() not in everything, word
    (report,) = out.glob("*/sr.dcm")
    made = pydicom.dcmread(report)
    assert str(made.PatientID).startswith("P-")
    assert report.parent.name.startswith("2.25.")
    plain = starlung("deidentify", files[0].parent, "--out", tmp_path / "ct", "--secret", secret)
    assert plain.exit_code == 0
    slices = {str(pydicom.dcmread(file).SOPInstanceUID) for file in tmp_path.glob("ct/*/*.dcm")}
    evidence = made.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    named = {
        str(item.ReferencedSOPInstanceUID) for s in evidence for item in s.ReferencedSOPSequence
    }
    assert slices <= named, "the same secret finds the CT again"
    assert "1 there already" in starlung(*given, "--resume").stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--context", "table.csv"), "--context names studies by UID or path"),
        (("--engine", "ray"), "--deidentify works on this machine alone"),
    ],
)
def test_what_goes_by_the_old_names_is_refused(
    starlung: Run, secret: Path, tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    if "ray" in options:
        pytest.importorskip("ray", reason="the extra ray is not installed")
    result = starlung(
        "score", tmp_path, "--out", tmp_path / "out", "--deidentify", secret, *options
    )
    assert result.exit_code == 2
    assert sentence in one_line(result.stderr)


def test_what_is_no_dicom_is_not_scored(starlung: Run, secret: Path, tmp_path: Path) -> None:
    (tmp_path / "ct.nii.gz").write_bytes(b"x")
    given = ("score", tmp_path / "ct.nii.gz", "--out", tmp_path / "out", "--deidentify")
    result = starlung(*given, secret)
    assert result.exit_code == 4
    assert "there is no DICOM object" in one_line(result.stderr)
    secret.write_bytes(b"short")
    result = starlung(*given, secret)
    assert (result.exit_code, "at least 16 bytes" in one_line(result.stderr)) == (2, True)
