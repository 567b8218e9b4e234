"""Quality notes that a clinician reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from medical.ct.lung_coverage import lung_notes
from medical.ct.volume import QualityNote
from medical.geometry import VolumeGeometry
from tests.medical.dicom.make import codes, read, series


def thick(mm: float) -> Callable[[Dataset, int], None]:
    def change(ds: Dataset, index: int) -> None:
        ds.ImagePositionPatient = [-10, -20, mm * index]
        ds.SliceThickness = mm

    return change


def note(code: str, folder: Path, tmp_path: Path) -> QualityNote:
    return next(note for note in read(folder, tmp_path).quality if note.code == code)


def test_thick_slices(tmp_path: Path) -> None:
    assert note("thick_slices", series(tmp_path / "in", change=thick(3)), tmp_path).severity == (
        "warning"
    )


def test_very_thick_slices(tmp_path: Path) -> None:
    assert note("thick_slices", series(tmp_path / "in", change=thick(7)), tmp_path).severity == (
        "severe"
    )


def test_thin_slices_far_apart_count_as_thick(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        ds.ImagePositionPatient = [-10, -20, 10 * index]

    assert "thick_slices" in codes(read(series(tmp_path / "in", change=change), tmp_path))


def test_contrast(tmp_path: Path) -> None:
    volume = read(series(tmp_path / "in", ContrastBolusAgent="Iomeron"), tmp_path)
    assert "contrast" in codes(volume)


def test_contrast_named_none(tmp_path: Path) -> None:
    volume = read(series(tmp_path / "in", ContrastBolusAgent="NONE"), tmp_path)
    assert "contrast" not in codes(volume)


def test_soft_kernel(tmp_path: Path) -> None:
    assert "soft_kernel" in codes(read(series(tmp_path / "in", ConvolutionKernel="B30f"), tmp_path))


def test_few_slices(tmp_path: Path) -> None:
    assert "few_slices" in codes(read(series(tmp_path / "in"), tmp_path))


def test_most_severe_first(tmp_path: Path) -> None:
    order = {"severe": 0, "warning": 1, "info": 2}
    folder = series(tmp_path / "in", change=thick(3), ContrastBolusAgent="Iomeron")
    ranks = [order[note.severity] for note in read(folder, tmp_path).quality]
    assert ranks == sorted(ranks)


def chest(*, slices: int = 40, top: int = 5, left: int = 30) -> np.ndarray:
    """A body with two lungs between slices ``top`` and ``-top``."""
    hu = np.full((slices, 128, 160), -1000, dtype=np.int16)
    hu[:, 20:110, 10:150] = 30
    hu[top : slices - top, 35:95, left : left + 40] = -850
    hu[top : slices - top, 35:95, 90:130] = -850
    return hu


def lung_codes(hu: np.ndarray) -> set[str]:
    z, y, x = hu.shape
    geometry = VolumeGeometry.axial(shape=(z, y, x), spacing_mm=(2.0, 2.0, 2.0))
    return {note.code for note in lung_notes(hu, geometry)}


def test_whole_lungs_need_no_note() -> None:
    assert lung_codes(chest()) == set()


def test_lungs_cut_off_at_the_ends() -> None:
    assert lung_codes(chest(top=0)) == {"lung_cut_off"}


def test_lungs_cut_off_at_the_side() -> None:
    assert lung_codes(np.ascontiguousarray(chest()[:, :, 45:])) == {"field_of_view"}


def test_no_lungs() -> None:
    hu = chest()
    hu[hu == -850] = 40
    assert lung_codes(hu) == {"no_lung"}
