from __future__ import annotations

from pathlib import Path

import numpy as np

from medical.results.folder import ResultFolder
from medical.results.registration import KeptRegistration


def other(folder: Path, name: str) -> ResultFolder:
    return ResultFolder(folder / name)


def test_is_read_as_it_was_kept(tmp_path: Path) -> None:
    affine = np.eye(4)
    affine[:3, 3] = (1.5, -2.0, 3.0)
    stored = KeptRegistration(affine_lps_mm=affine.tolist(), correlation=0.97, seconds=2.0)
    other(tmp_path, "now").write_registration(other(tmp_path, "then"), stored)
    registration = other(tmp_path, "now").read_registration(other(tmp_path, "then"))
    assert registration == stored
    assert registration is not None and registration.registration is not None
    assert np.array_equal(registration.registration.to_prior((0, 0, 0)), (1.5, -2.0, 3.0))


def keep_failure(folder: Path) -> None:
    failed = KeptRegistration(failure="not alike")
    ResultFolder(folder).write_registration(other(folder, "then"), failed)


def test_a_failure_is_kept_too(tmp_path: Path) -> None:
    keep_failure(tmp_path)
    registration = ResultFolder(tmp_path).read_registration(other(tmp_path, "then"))
    assert registration is not None and registration.registration is None


def test_another_pair_has_none(tmp_path: Path) -> None:
    keep_failure(tmp_path)
    assert ResultFolder(tmp_path).read_registration(other(tmp_path, "other")) is None


def test_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    keep_failure(tmp_path)
    ResultFolder(tmp_path).registration_file(other(tmp_path, "then")).write_text("{")
    assert ResultFolder(tmp_path).read_registration(other(tmp_path, "then")) is None
