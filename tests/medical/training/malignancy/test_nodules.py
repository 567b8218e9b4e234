from __future__ import annotations

from pathlib import Path

import pytest

from medical.errors import InputError
from medical.training.malignancy.nodules import FOLDS, patient_folds, read_nodules


def test_a_patient_lies_in_one_fold() -> None:
    patients = [f"p{number % 40}" for number in range(100)]
    folds = patient_folds(patients)
    assert set(folds) == set(range(FOLDS))
    for name in set(patients):
        assert len({fold for fold, each in zip(folds, patients, strict=True) if each == name}) == 1


def test_folds_do_not_depend_on_the_order() -> None:
    patients = [f"p{number}" for number in range(30)]
    there = dict(zip(patients, patient_folds(patients), strict=True))
    back = dict(zip(patients[::-1], patient_folds(patients[::-1]), strict=True))
    assert there == back


def test_another_table_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match="no table of LIDC nodules"):
        read_nodules(tmp_path / "a.csv")
