"""From a folder to two sides: what cannot be used is said, and the choice does not change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from medical.ct.prepare import NoLungError
from medical.errors import InputError
from medical.io.series_handle import SeriesHandle
from medical.training.adapting import gather as gathering
from medical.training.adapting.gather import HospitalCts, gather
from tests.logs import logged


@pytest.fixture
def hospital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Seven volume files of air; preparing them is not what is tested here."""
    folder = tmp_path / "cts"
    folder.mkdir()
    image = SimpleITK.GetImageFromArray(np.full((6, 8, 8), -900, np.int16))
    for number in range(7):
        SimpleITK.WriteImage(image, str(folder / f"ct{number}.nii.gz"))

    def prepared_case(handle: SeriesHandle, cases: Path, *_: object, **__: object) -> object:
        if handle.series_instance_uid == "ct0":
            raise NoLungError("no air-filled lung was found")
        return None, cases / f"{handle.series_instance_uid}.npz"

    monkeypatch.setattr(gathering, "prepared_case", prepared_case)
    return folder


def run(
    folder: Path, *, learn: bool = True, seen: tuple[str, ...] = ()
) -> tuple[HospitalCts, list[str]]:
    out = folder.parent / "out"
    out.mkdir(exist_ok=True)
    work = folder.parent / "work"
    work.mkdir(exist_ok=True)
    with logged() as said:
        sides = gather(folder, out=out, seen=seen, learn=learn, work=work)
    return sides, said


def names(sides: HospitalCts) -> tuple[set[str], set[str]]:
    return {ct.uid for ct in sides.learnt}, {ct.uid for ct in sides.aside}


def test_no_ct_is_on_both_sides_and_one_that_shows_no_lung_is_said(hospital: Path) -> None:
    (hospital / "broken.dcm").write_bytes(b"not DICOM")
    sides, said = run(hospital)
    learnt, aside = names(sides)
    assert not learnt & aside
    assert learnt | aside == {f"ct{n}" for n in range(1, 7)}
    assert any("ct0" in line and "no air-filled lung" in line for line in said)
    assert any("broken.dcm" in line for line in said)


def test_the_choice_stays_when_cts_are_added(hospital: Path) -> None:
    first = names(run(hospital)[0])
    new = hospital / "another.nii.gz"
    new.write_bytes((hospital / "ct1.nii.gz").read_bytes())
    second = names(run(hospital)[0])
    assert second[1] == first[1]
    assert second[0] == first[0] | {"another"}


def test_without_learning_every_ct_is_kept_aside(hospital: Path) -> None:
    learnt, aside = names(run(hospital, learn=False)[0])
    assert not learnt
    assert len(aside) == 6


def test_cts_that_the_model_was_trained_on_are_learnt_from_alone(hospital: Path) -> None:
    learnt, _ = names(run(hospital, seen=("ct1",))[0])
    assert "ct1" in learnt


def test_too_few_are_one_sentence_with_what_to_do(hospital: Path) -> None:
    for number in range(3, 7):
        (hospital / f"ct{number}.nii.gz").unlink()
    with pytest.raises(InputError, match="--how calibrate"):
        run(hospital)
    with pytest.raises(InputError, match="3 must be kept aside"):
        run(hospital, learn=False)


def test_a_single_ct_is_counted_as_one(hospital: Path) -> None:
    for number in range(2, 7):
        (hospital / f"ct{number}.nii.gz").unlink()
    with pytest.raises(InputError, match="1 usable CT;"):
        run(hospital, learn=False)


def test_more_than_can_be_held_are_not_all_used(
    hospital: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MOST_CTS", 4)
    sides, said = run(hospital, learn=False)
    assert len(sides.aside) == 4
    assert any("the first 4 of 7" in line for line in said)


def test_a_folder_without_a_ct_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no CT images"):
        run(tmp_path / "empty")
