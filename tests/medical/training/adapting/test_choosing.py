"""Who is kept aside: whole patients, of every scanner, and never one that was trained on."""

from __future__ import annotations

from medical.training.adapting.choosing import (
    LEAST_KEPT,
    UNKNOWN_SCANNER,
    in_turns,
    kept_aside,
    scanner_of,
)


def hospital(count: int, *, scanners: int = 1) -> tuple[dict[str, str], dict[str, str]]:
    """One CT a patient."""
    patients = {f"ct{n}": f"patient{n}" for n in range(count)}
    return patients, {uid: f"scanner {n % scanners}" for n, uid in enumerate(patients)}


def test_a_third_of_the_patients_is_kept_aside() -> None:
    patients, scanners = hospital(30)
    assert len(kept_aside(patients, scanners, seen=(), learn=True)) == 10


def test_every_scanner_is_on_both_sides() -> None:
    patients, scanners = hospital(30, scanners=3)
    held = kept_aside(patients, scanners, seen=(), learn=True)
    for side in (held, set(patients) - held):
        assert {scanners[uid] for uid in side} == {"scanner 0", "scanner 1", "scanner 2"}


def test_all_cts_of_a_patient_are_on_one_side() -> None:
    patients, scanners = hospital(20)
    patients = {**patients, **{f"second {uid}": who for uid, who in patients.items()}}
    scanners = {**scanners, **{f"second {uid}": "another" for uid in scanners}}
    held = kept_aside(patients, scanners, seen=(), learn=True)
    assert not {patients[uid] for uid in held} & {patients[uid] for uid in set(patients) - held}


def test_patients_whom_the_model_has_seen_are_never_kept_aside() -> None:
    patients, scanners = hospital(12)
    patients["again"], scanners["again"] = "patient3", "scanner 0"
    for learn in (True, False):
        held = kept_aside(patients, scanners, seen=["ct3"], learn=learn)
        assert held
        assert not held & {"ct3", "again"}


def test_all_are_kept_aside_where_nothing_is_learnt() -> None:
    patients, scanners = hospital(4)
    assert kept_aside(patients, scanners, seen=(), learn=False) == set(patients)


def test_too_few_patients_leave_nothing_to_learn_from() -> None:
    assert not kept_aside(*hospital(LEAST_KEPT), seen=(), learn=True)
    assert len(kept_aside(*hospital(LEAST_KEPT + 1), seen=(), learn=True)) == LEAST_KEPT


def test_scanners_take_turns() -> None:
    scanners = {"a1": "A", "a2": "A", "a3": "A", "b1": "B"}
    assert in_turns(list(scanners), scanners) == ["a1", "b1", "a2", "a3"]


def test_a_scanner_is_named_as_a_reader_would() -> None:
    assert (
        scanner_of({"manufacturer": "GE", "model": "LightSpeed", "kvp": "120"}) == "GE LightSpeed"
    )
    assert scanner_of({}) == UNKNOWN_SCANNER
