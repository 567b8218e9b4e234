"""The sample half a year before, as it might have been: one nodule smaller, all moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medical.ct.volume import CtVolume
from medical.geometry import VolumeGeometry
from medical.intake import open_input
from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.browser.conftest import ROOT

GROWN_LPS_MM = (-58.0, 12.1, -95.2)
"""The nodule that was smaller: solid, 9 mm now, 5 mm then."""

KEPT_MM, GONE_MM = 2.5, 9.0
SHIFT_LPS_MM = (6.0, -4.0, 9.0)
_LUNG_BESIDE = (0, 16, 0)
_DATE = "20190703"  # the sample itself is of 2020-01-01


def write_earlier_sample(folder: Path, scratch: Path) -> None:
    """Write it as DICOM, with the sample's patient ID."""
    (handle,) = open_input(ROOT / "sample_data" / "ct", work_dir=scratch).chosen
    ct = handle.load()
    hu = _smaller(ct) + np.random.default_rng(5).normal(0, 8, ct.hu.shape)
    affine = ct.geometry.affine_lps_mm.copy()
    affine[:3, 3] += SHIFT_LPS_MM
    write_ct_series(
        np.clip(np.rint(hu), -1024, 3071).astype(np.int16),
        VolumeGeometry(ct.geometry.shape, affine),
        folder,
        labels=CtLabels(
            "phantom-7-earlier",
            "STARLUNG^PHANTOM",
            "PHANTOM-7",
            "Synthetic chest phantom",
            date=_DATE,
        ),
    )


def _smaller(ct: CtVolume) -> np.ndarray:
    """The nodule's outer shell gives way to lung from beside it."""
    hu = ct.hu.astype(np.float32)
    voxels = np.stack(np.meshgrid(*[np.arange(n) for n in hu.shape], indexing="ij"), -1)
    far = np.linalg.norm(ct.geometry.voxel_to_lps(voxels) - np.array(GROWN_LPS_MM), axis=-1)
    share = np.clip((far - KEPT_MM) / 1.2, 0, 1) * np.clip((GONE_MM - far) / 1.5, 0, 1)
    lung = np.roll(hu, _LUNG_BESIDE, axis=(0, 1, 2))
    return np.asarray(hu * (1 - share) + lung * share)
