"""Several patients in one input: as many studies, each with a signature of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from medical.detection.findings import Input
from medical.files import Content
from medical.results.folder import ResultFolder
from medical.review.decisions import NewDecision
from medical.review.reading import read_study
from medical.review.reviews import decide, sign
from medical.review.worklist import worklist
from medical.store.database import Store, StoreUnavailableError
from medical.store.queue import Claimed, claim, enqueue, finish
from medical.store.requests import try_again
from medical.store.results import same_images
from medical.store.tables import Study
from tests.medical.store.made import made_series


def claimed_input(store: Store, root: Path) -> Claimed:
    enqueue(store, Path("two-patients.zip"), root=root, actor="anna")
    claimed = claim(store, "worker")
    assert claimed is not None
    return claimed


def written(claimed: Claimed, *uids: str) -> None:
    for uid in uids:
        (claimed.folder / uid).mkdir(parents=True)
        (claimed.folder / uid / "findings.json").write_text("{}")


def test_each_patient_is_a_study_with_a_folder_of_its_own(store: Store, tmp_path: Path) -> None:
    claimed = claimed_input(store, tmp_path)
    written(claimed, "1.2.3", "1.2.4")
    series = [made_series(0.9, uid="1.2.3"), made_series(0.4, 0.3, uid="1.2.4")]
    assert finish(store, claimed, series=series)
    first, second = worklist(store)
    assert [study.findings for study in (first, second)] == [1, 2]
    assert first.key != second.key
    for study, uid in ((first, "1.2.3"), (second, "1.2.4")):
        assert [path.name for path in Path(study.folder).iterdir()] == [uid]
        assert {finding.series_uid for finding in read_study(store, study.key).findings} == {uid}
        assert study.status == "ready"


@pytest.mark.parametrize("scored_anew", [False, True])
def test_a_write_that_fails_once_loses_no_patient(
    scored_anew: bool, store: Store, tmp_path: Path
) -> None:
    claimed = claimed_input(store, tmp_path)
    written(claimed, "1.2.3", "1.2.4")
    series = [made_series(0.9, uid="1.2.3"), made_series(0.4, 0.3, uid="1.2.4")]

    def fail(_: Connection) -> None:
        raise OperationalError("COMMIT", {}, Exception("disk is full"))

    event.listen(Engine, "commit", fail)
    with pytest.raises(StoreUnavailableError):
        finish(store, claimed, series=series)
    event.remove(Engine, "commit", fail)
    if scored_anew:  # by the worker that took the study after this one ended
        written(claimed, "1.2.4")
    assert finish(store, claimed, series=series)
    folders = [Path(study.folder) for study in worklist(store)]
    paths = sorted(path.parent.relative_to(tmp_path) for path in tmp_path.rglob("findings.json"))
    assert [path.name for folder in folders for path in folder.iterdir()] == ["1.2.3", "1.2.4"]
    assert len(paths) == 2, "a result that belongs to no study was left behind"


def test_signing_one_leaves_the_other_open(store: Store, tmp_path: Path) -> None:
    claimed = claimed_input(store, tmp_path)
    finish(store, claimed, series=[made_series(0.9, uid="a"), made_series(0.4, uid="b")])
    first, second = worklist(store)
    (finding,) = read_study(store, first.key).findings
    decide(store, finding.id, NewDecision("accepted"), seen_version=0, actor="bo")
    sign(store, first.key, seen_version=read_study(store, first.key).study.version, actor="bo")
    by_key = {study.key: study for study in worklist(store)}
    assert by_key[first.key].status == "signed"
    assert by_key[second.key].status == "ready"


def test_what_could_not_be_scored_is_a_failed_study(store: Store, tmp_path: Path) -> None:
    claimed = claimed_input(store, tmp_path)
    finish(store, claimed, series=[made_series(0.9)], unscored="input: cut short. Copy it again.")
    (failed,) = worklist(store, status=["failed"])
    assert failed.failure == "input: cut short. Copy it again."
    (ready,) = worklist(store, status=["ready"])
    assert ready.failure == ""


def test_trying_the_failed_part_again_makes_no_study_twice(store: Store, tmp_path: Path) -> None:
    claimed = claimed_input(store, tmp_path)
    finish(store, claimed, series=[made_series(0.9, uid="a")], unscored="b is cut short.")
    (failed,) = worklist(store, status=["failed"])
    assert try_again(store, failed.key, actor="anna")
    again = claim(store, "worker")
    assert again is not None
    finish(store, again, series=[made_series(0.9, uid="a")], unscored="b is cut short.")
    assert sorted(study.status for study in worklist(store)) == ["failed", "ready"]
    try_again(store, failed.key, actor="anna")
    again = claim(store, "worker")
    assert again is not None
    finish(store, again, series=[made_series(0.9, uid="a"), made_series(0.5, uid="b")])
    assert [study.uids.split()[-1] for study in worklist(store)] == ["a", "b"]


def test_the_same_input_put_in_line_twice_is_scored_twice_and_found_again(
    store: Store, tmp_path: Path
) -> None:
    label = ""
    for digest in ("1" * 64, "1" * 64, "2" * 64):
        claimed = claimed_input(store, tmp_path)
        scored = made_series(0.9).model_copy(update={"input": Input(path=".", sha256=digest)})
        known = same_images(store, claimed.id, scored, ResultFolder(claimed.folder / "1.2.3"))
        assert known == ([label] if digest == "1" * 64 and label else [])
        (claimed.folder / "1.2.3").mkdir(parents=True)
        text = scored.model_dump_json(by_alias=True)
        (claimed.folder / "1.2.3" / "findings.json").write_text(text)
        assert finish(store, claimed, series=[scored])
        label = label or next(iter(worklist(store))).label
    assert len(worklist(store)) == 3
    assert all(isinstance(study, Study) for study in worklist(store))


def test_the_same_images_in_other_files_are_found_again(store: Store, tmp_path: Path) -> None:
    known = []
    for digest, images in (("1", "a"), ("2", "a"), ("3", "b"), ("4", "")):
        claimed = claimed_input(store, tmp_path)
        made = Input(path=".", sha256=digest * 64)
        scored = made_series(0.9).model_copy(update={"input": made})
        folder = ResultFolder(claimed.folder / scored.series_instance_uid)
        folder.path.mkdir(parents=True)
        folder.write_input(Content(digest * 64, ()), images=images)
        folder.write_findings(scored)
        known.append(same_images(store, claimed.id, scored, folder))
        assert finish(store, claimed, series=[scored])
    labels = [study.label for study in worklist(store)]
    assert (known[0], known[2], known[3]) == ([], [], [])
    assert len(known[1]) == 1
    assert known[1][0] in labels
