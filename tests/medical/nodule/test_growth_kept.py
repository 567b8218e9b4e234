from __future__ import annotations

from pathlib import Path

import numpy as np

from medical.nodule.growth_kept import (
    KeptRegistration,
    keep_registration,
    kept_registration,
    registration_file,
)


def test_is_read_as_it_was_kept(tmp_path: Path) -> None:
    affine = np.eye(4)
    affine[:3, 3] = (1.5, -2.0, 3.0)
    kept = KeptRegistration(affine_lps_mm=affine.tolist(), likeness=0.97, seconds=2.0)
    keep_registration(tmp_path / "now", tmp_path / "then", kept)
    found = kept_registration(tmp_path / "now", tmp_path / "then")
    assert found == kept
    assert found is not None and found.registration is not None
    assert np.array_equal(found.registration.to_prior((0, 0, 0)), (1.5, -2.0, 3.0))


def test_a_failure_is_kept_too(tmp_path: Path) -> None:
    keep_registration(tmp_path, tmp_path / "then", KeptRegistration(failure="not alike"))
    found = kept_registration(tmp_path, tmp_path / "then")
    assert found is not None and found.registration is None


def test_another_pair_has_none(tmp_path: Path) -> None:
    keep_registration(tmp_path, tmp_path / "then", KeptRegistration(failure="not alike"))
    assert kept_registration(tmp_path, tmp_path / "other") is None


def test_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    keep_registration(tmp_path, tmp_path / "then", KeptRegistration(failure="not alike"))
    registration_file(tmp_path, tmp_path / "then").write_text("{")
    assert kept_registration(tmp_path, tmp_path / "then") is None
