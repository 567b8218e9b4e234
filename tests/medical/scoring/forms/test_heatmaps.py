from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from medical.dicom_out import provenance
from medical.geometry import VolumeGeometry
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.batches.tally import ScoredSeries
from medical.scoring.forms import heatmaps
from medical.scoring.scorer import Scorer
from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.medical.scoring.small_chest import write_small_chest

LABELS = CtLabels("heatmap test", "Test^Heatmap", "TEST-1", "made for a test")


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small chest with one ball, as DICOM."""
    folder = tmp_path_factory.mktemp("chest")
    write_small_chest(folder / "chest.nii.gz", seed=1)
    hu = np.asarray(nibabel.load(folder / "chest.nii.gz").dataobj).T
    geometry = VolumeGeometry.axial(shape=hu.shape, spacing_mm=(2.0, 2.0, 2.0))
    write_ct_series(
        np.clip(hu, -1024, 3000).astype(np.int16), geometry, folder / "ct", labels=LABELS
    )
    return folder / "ct"


@pytest.fixture(scope="module")
def scored(
    quick_scorer: Scorer, series: Path, tmp_path_factory: pytest.TempPathFactory
) -> ScoredSeries:
    out = tmp_path_factory.mktemp("out")
    result = quick_scorer.score([series], out, options=ScoreOptions(heatmaps=True))
    assert not result.errors
    (scored,) = result.series
    assert scored.findings.findings, "the ball must be found, or nothing is tested"
    return scored


def test_each_finding_has_its_map(scored: ScoredSeries) -> None:
    for finding in scored.findings.findings:
        assert (scored.folder / f"heatmap-{finding.id}.nii.gz").exists()
        assert (scored.folder / f"heatmap-{finding.id}.dcm").exists()


def test_the_map_peaks_at_the_finding(scored: ScoredSeries) -> None:
    finding = scored.findings.findings[0]
    image = nibabel.load(scored.folder / f"heatmap-{finding.id}.nii.gz")
    peak = np.unravel_index(int(np.asarray(image.dataobj).argmax()), image.shape)
    lps = nibabel.affines.apply_affine(image.affine, peak) * (-1, -1, 1)
    assert np.linalg.norm(lps - finding.center_lps_mm) < finding.diameter_mm / 2


def test_both_files_hold_the_same_map(scored: ScoredSeries) -> None:
    finding = scored.findings.findings[0]
    nifti = np.asarray(nibabel.load(scored.folder / f"heatmap-{finding.id}.nii.gz").dataobj).T
    stored = pydicom.dcmread(scored.folder / f"heatmap-{finding.id}.dcm")
    heights = [
        float(group.PlanePositionSequence[0].ImagePositionPatient[2])
        for group in stored.PerFrameFunctionalGroupsSequence
    ]
    assert np.array_equal(stored.pixel_array[np.argsort(heights)], nifti)


def test_no_map_takes_the_name_of_another_study_s_images_put_in_place(
    quick_scorer: Scorer, series: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def source_headers(files: list[Path]) -> list[pydicom.Dataset]:
        headers = provenance.source_headers(files)
        for header in headers:
            header.StudyInstanceUID += ".1"
        return headers

    monkeypatch.setattr(heatmaps, "source_headers", source_headers)
    result = quick_scorer.score([series], tmp_path, options=ScoreOptions(heatmaps=True))
    assert list(tmp_path.rglob("heatmap-*.nii.gz"))
    assert not list(tmp_path.rglob("*.dcm"))
    assert "no DICOM parametric map" in str(result.not_written)


def test_resume_makes_maps_that_are_missing(
    quick_scorer: Scorer, scored: ScoredSeries, series: Path
) -> None:
    path = scored.folder / "heatmap-1.nii.gz"
    path.unlink()
    options = ScoreOptions(resume=True, heatmaps=True)
    quick_scorer.score([series], scored.folder.parent, options=options)
    assert path.exists()
