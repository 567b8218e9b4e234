"""The committed sample series: small, valid, and what its own code makes."""

import csv
from pathlib import Path

import numpy as np
import pydicom
import pytest

from medical.dicom.header.tags import derived_uid
from medical.geometry import VolumeGeometry
from medical.synthesis.phantom import make_chest
from medical.synthesis.write_ct import CtLabels, write_ct_series

pytestmark = pytest.mark.heavy

SAMPLE = Path(__file__).parents[4] / "sample_data"


@pytest.fixture(scope="module")
def slices() -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted((SAMPLE / "ct").glob("*.dcm"))]


def test_the_folder_stays_below_eight_megabytes() -> None:
    assert sum(p.stat().st_size for p in SAMPLE.rglob("*") if p.is_file()) < 8e6


def test_the_code_makes_the_committed_pixels(slices: list[pydicom.Dataset]) -> None:
    chest = make_chest(7)
    stored = np.stack([s.pixel_array.astype(np.int32) - 1024 for s in slices])[::-1]
    difference = np.abs(stored - chest.hu)
    # Processors differ in the last bit of exp and sin, which can tip a rounding.
    assert (difference > 0).mean() < 1e-4
    assert difference.max() <= 1


def test_truth_lies_in_the_series(slices: list[pydicom.Dataset]) -> None:
    rows = list(csv.DictReader((SAMPLE / "truth.csv").open()))
    assert [r["density"] for r in rows] == ["solid", "part-solid", "ground-glass"]
    heights = [float(s.ImagePositionPatient[2]) for s in slices]
    for row in rows:
        assert row["seriesuid"] == slices[0].SeriesInstanceUID
        assert min(heights) < float(row["coordZ"]) < max(heights)


def test_headers_tell_synthetic_and_lossless(slices: list[pydicom.Dataset]) -> None:
    for header in slices:
        assert str(header.PatientName) == "STARLUNG^PHANTOM"
        assert header.BurnedInAnnotation == "NO"
        assert header.PatientIdentityRemoved == "YES"
        assert header.LossyImageCompression == "00"
        assert header.ImageType[0] == "DERIVED"
    assert len({s.SOPInstanceUID for s in slices}) == len(slices)


def test_a_written_series_reads_back_exactly(tmp_path: Path) -> None:
    hu = np.random.default_rng(0).integers(-1024, 3072, (3, 5, 7)).astype(np.int16)
    geometry = VolumeGeometry.axial(
        shape=(3, 5, 7), spacing_mm=(2.0, 0.7, 0.8), origin_lps_mm=(1.5, -2, 30)
    )
    labels = CtLabels(identity="t", patient_name="A^B", patient_id="1", series_description="test")
    files = write_ct_series(hu, geometry, tmp_path, labels=labels)
    headers = [pydicom.dcmread(f) for f in files]
    for k, header in enumerate(headers):
        index = 2 - k  # instance 1 is nearest the head
        assert np.array_equal(header.pixel_array.astype(int) - 1024, hu[index])
        assert [float(v) for v in header.ImagePositionPatient] == [1.5, -2.0, 30.0 + 2 * index]
        assert [float(v) for v in header.PixelSpacing] == [0.7, 0.8]


def test_uids_follow_from_words_and_stay_short() -> None:
    assert derived_uid("a", "b") == derived_uid("a", "b") != derived_uid("a", "c")
    assert derived_uid("a").startswith("2.25.")
    assert len(derived_uid("a")) <= 64


def test_values_beyond_twelve_bits_are_refused(tmp_path: Path) -> None:
    hu = np.full((1, 2, 2), 4000, dtype=np.int16)
    geometry = VolumeGeometry.axial(shape=(1, 2, 2), spacing_mm=(1, 1, 1))
    labels = CtLabels(identity="t", patient_name="A", patient_id="1", series_description="t")
    with pytest.raises(ValueError, match="4000"):
        write_ct_series(hu, geometry, tmp_path, labels=labels)
