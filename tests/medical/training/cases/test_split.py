from pathlib import Path

import pytest

from medical.errors import InputError
from medical.training.cases.split import chosen_split, frozen_split, given_split, read_split

PATIENTS = {"a1": "A", "a2": "A", "b1": "B", "c1": "C"}


def split_of(path: Path, text: str, *, seen: tuple[str, ...] = ()) -> set[str]:
    path.write_text("seriesuid,split\n" + text)
    nodules = {"a1": 1, "b1": 2}
    return given_split(read_split(path), PATIENTS, nodules=nodules, seen=seen, path=path)


def test_all_scans_of_a_patient_stay_together() -> None:
    patients = {f"{p}{scan}": str(p) for p in range(10) for scan in range(3)}
    held = chosen_split(patients, nodules={"00": 1, "90": 1}, seen=())
    assert len(held) == 6
    assert all(len({f"{uid[0]}{scan}" for scan in range(3)} - held) == 0 for uid in held)


def test_patients_whose_scans_were_trained_on_are_never_held_out() -> None:
    assert chosen_split(PATIENTS, nodules={}, seen=("a2", "b1")) == {"c1"}
    assert chosen_split(PATIENTS, nodules={}, seen=("a1", "b1", "c1")) == set()


def test_a_scan_with_a_nodule_is_held_out_where_another_stays() -> None:
    assert chosen_split(PATIENTS, nodules={"b1": 1, "c1": 1}, seen=()) == {"b1"}


def test_given_split_is_taken(tmp_path: Path) -> None:
    text = "a1,training\na2,training\nb1,evaluation\nc1,evaluation\n"
    assert split_of(tmp_path / "split.csv", text) == {"b1", "c1"}


@pytest.mark.parametrize(
    ("text", "seen", "says"),
    [
        ("a1,training\na2,evaluation\nb1,evaluation\nc1,training\n", (), "row 3: the patient"),
        ("a1,evaluation\na2,evaluation\nb1,training\nc1,training\n", ("a2",), "row 3: a2 was"),
        (
            "a1,training\na2,training\nb1,training\nc1,evaluation\n",
            (),
            "row 5: no scan in evaluation has a nodule",
        ),
        ("a1,training\na2,testing\n", (), "row 3: split is 'testing'"),
        ("a1,training\na1,training\n", (), "row 3 repeats series a1 of row 2"),
        ("a1,training\n", (), "no row for series a2"),
    ],
)
def test_bad_split_names_its_row(
    tmp_path: Path, text: str, seen: tuple[str, ...], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        split_of(tmp_path / "split.csv", text, seen=seen)


def test_new_scan_of_a_held_out_patient_is_held_out_too(tmp_path: Path) -> None:
    (tmp_path / "held_out.json").write_text('["a1"]')
    assert frozen_split(tmp_path / "held_out.json", PATIENTS) == {"a1", "a2"}
