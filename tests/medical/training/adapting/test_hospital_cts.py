"""From a folder to two sides: what cannot be used is logged, and the choice does not change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from medical.ct.prepare import NoLungError
from medical.errors import InputError
from medical.io.series_handle import SeriesHandle
from medical.training.adapting import hospital_cts as gathering
from medical.training.adapting.hospital_cts import (
    MIN_KEPT,
    UNKNOWN_SCANNER,
    HospitalCts,
    gather,
    in_turns,
    kept_aside,
    scanner_of,
)
from tests.logs import logged


def patients_of(count: int, *, scanners: int = 1) -> tuple[dict[str, str], dict[str, str]]:
    """One CT a patient."""
    patients = {f"ct{n}": f"patient{n}" for n in range(count)}
    return patients, {uid: f"scanner {n % scanners}" for n, uid in enumerate(patients)}


def test_a_third_of_the_patients_is_kept_aside() -> None:
    patients, scanners = patients_of(30)
    assert len(kept_aside(patients, scanners, seen=(), learn=True)) == 10


def test_every_scanner_is_on_both_sides() -> None:
    patients, scanners = patients_of(30, scanners=3)
    held = kept_aside(patients, scanners, seen=(), learn=True)
    for side in (held, set(patients) - held):
        assert {scanners[uid] for uid in side} == {"scanner 0", "scanner 1", "scanner 2"}


def test_all_cts_of_a_patient_are_on_one_side() -> None:
    patients, scanners = patients_of(20)
    patients = {**patients, **{f"second {uid}": who for uid, who in patients.items()}}
    scanners = {**scanners, **{f"second {uid}": "another" for uid in scanners}}
    held = kept_aside(patients, scanners, seen=(), learn=True)
    assert not {patients[uid] for uid in held} & {patients[uid] for uid in set(patients) - held}


def test_patients_whom_the_model_has_seen_are_never_kept_aside() -> None:
    patients, scanners = patients_of(12)
    patients["again"], scanners["again"] = "patient3", "scanner 0"
    for learn in (True, False):
        held = kept_aside(patients, scanners, seen=["ct3"], learn=learn)
        assert held
        assert not held & {"ct3", "again"}


def test_all_are_kept_aside_where_nothing_is_learnt() -> None:
    patients, scanners = patients_of(4)
    assert kept_aside(patients, scanners, seen=(), learn=False) == set(patients)


def test_too_few_patients_leave_nothing_to_learn_from() -> None:
    assert not kept_aside(*patients_of(MIN_KEPT), seen=(), learn=True)
    assert len(kept_aside(*patients_of(MIN_KEPT + 1), seen=(), learn=True)) == MIN_KEPT


def test_scanners_take_turns() -> None:
    scanners = {"a1": "A", "a2": "A", "a3": "A", "b1": "B"}
    assert in_turns(list(scanners), scanners) == ["a1", "b1", "a2", "a3"]


def test_a_scanner_is_named_as_a_reader_would() -> None:
    assert (
        scanner_of({"manufacturer": "GE", "model": "LightSpeed", "kvp": "120"}) == "GE LightSpeed"
    )
    assert scanner_of({}) == UNKNOWN_SCANNER


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
    with logged() as log:
        sides = gather(folder, out=out, seen=seen, learn=learn, work=work)
    return sides, log


def names(sides: HospitalCts) -> tuple[set[str], set[str]]:
    return {ct.uid for ct in sides.learnt}, {ct.uid for ct in sides.aside}


def test_no_ct_is_on_both_sides_and_one_that_shows_no_lung_is_said(hospital: Path) -> None:
    (hospital / "broken.dcm").write_bytes(b"not DICOM")
    sides, log = run(hospital)
    learnt, aside = names(sides)
    assert not learnt & aside
    assert learnt | aside == {f"ct{n}" for n in range(1, 7)}
    assert any("ct0" in line and "no air-filled lung" in line for line in log)
    assert any("broken.dcm" in line for line in log)


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
    monkeypatch.setattr(gathering, "MAX_CTS", 4)
    sides, log = run(hospital, learn=False)
    assert len(sides.aside) == 4
    assert any("the first 4 of 7" in line for line in log)


def test_a_folder_without_a_ct_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no CT images"):
        run(tmp_path / "empty")
