"""A result belongs to the files that it was made from, under whatever name others come."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from medical.detection.findings import Input
from medical.intake import open_input
from medical.io.series_handle import SeriesHandle
from medical.results.folder import ResultFolder
from medical.scoring.batches.naming import ResultNames, with_note_of_name
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.scorer import Scorer
from tests.medical.dicom.make import codes, series, take
from tests.medical.scoring.small_chest import write_small_chest
from tests.medical.store.made import made_series


def chest(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_small_chest(path, seed=seed)
    return path


def by_name(result: object) -> dict[str, str]:
    """Digest of the files behind each result."""
    return {
        series.findings.series_instance_uid: series.findings.input.sha256  # type: ignore[attr-defined]
        for series in result.series  # type: ignore[attr-defined]
    }


def handle_of(path: Path, work: Path) -> SeriesHandle:
    (handle,) = open_input(path, work_dir=work).chosen
    return handle


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder a patient, each with a file of the same name."""
    root = tmp_path_factory.mktemp("patients")
    for seed, name in enumerate(("s1", "s3"), start=1):
        chest(root / name / "ct.nii.gz", seed)
    return root


@pytest.fixture(scope="module")
def out(quick_scorer: Scorer, folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both patients scored as two inputs, the first of them twice."""
    out = tmp_path_factory.mktemp("out")
    first, third = folders / "s1" / "ct.nii.gz", folders / "s3" / "ct.nii.gz"
    result = quick_scorer.score([first, third, first], out)
    assert len(by_name(result)) == 2
    assert [reason for _, reason in result.not_chosen] == ["the same files as ct, scored once"]
    return out


@pytest.mark.heavy
def test_two_inputs_of_one_name_have_two_results(out: Path, folders: Path) -> None:
    lines = (out / "predictions.csv").read_text().splitlines()[1:]
    assert {line.split(",")[0] for line in lines} == {"ct", "ct-2"}


def test_a_folder_added_later_moves_no_result(
    quick_scorer: Scorer,
    out: Path,
    folders: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    work = tmp_path_factory.mktemp("all")
    shutil.copytree(folders, work, dirs_exist_ok=True)
    other = tmp_path / "out"
    shutil.copytree(out, other)
    before = {p.parent.name: p.stat().st_mtime_ns for p in other.glob("*/findings.json")}
    chest(work / "s2" / "ct.nii.gz", 5)
    result = quick_scorer.score([work], other, options=ScoreOptions(resume=True))
    assert set(by_name(result)) == {"ct", "ct-2", "ct-3"}
    after = {p.parent.name: p.stat().st_mtime_ns for p in other.glob("*/findings.json")}
    assert {name: after[name] for name in before} == before
    wanted = {name: handle_of(work / name, tmp_path).content().sha256 for name in ("s1", "s3")}
    assert by_name(result)["ct"] == wanted["s1"]
    assert by_name(result)["ct-2"] == wanted["s3"]
    notes = [note.code for series in result.series for note in series.findings.quality]
    assert "name_taken" in notes
    paths = {series.findings.input.path for series in result.series if series.findings.input}
    assert "s2/ct.nii.gz" in paths


def kept_result(out: Path, handle: SeriesHandle) -> None:
    """What a run leaves of a series, without the scoring."""
    content = handle.content()
    name = ResultNames(out).name_of(handle, content)
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    scored = made_series(0.5, uid=name).model_copy(
        update={
            "study_instance_uid": handle.study_instance_uid,
            "input": Input(path=handle.below, sha256=content.sha256),
        }
    )
    ResultFolder(folder).write_input(content)
    (folder / "findings.json").write_text(scored.model_dump_json(by_alias=True))


def test_a_series_that_has_grown_keeps_its_name(tmp_path: Path) -> None:
    out = tmp_path / "out"
    part = take(series(tmp_path / "ct", slices=4), tmp_path).chosen[0]
    kept_result(out, part)
    whole = take(series(tmp_path / "ct", slices=8), tmp_path).chosen[0]
    assert whole.files != part.files
    assert ResultNames(out).name_of(whole, whole.content()) == whole.series_instance_uid


@pytest.mark.parametrize("study", ["1.2.3", None])
def test_another_patients_series_with_the_same_uid_gets_another(
    tmp_path: Path, study: str | None
) -> None:
    out = tmp_path / "out"
    kept_result(out, take(series(tmp_path / "a"), tmp_path).chosen[0])
    over = {"PatientID": "ID-4712"} | ({"StudyInstanceUID": study} if study else {})
    other = take(series(tmp_path / "b", **over), tmp_path).chosen[0]
    uid = other.series_instance_uid
    name = ResultNames(out).name_of(other, other.content())
    assert name == f"{uid}-2"
    volume = with_note_of_name(other.named(name).load(), other.named(name))
    assert volume.source.series_instance_uid == name
    assert "name_taken" in codes(volume)
    assert "invalid_uid" not in codes(volume)


def test_a_name_that_another_earlier_result_has_is_not_taken(out: Path, tmp_path: Path) -> None:
    other = handle_of(chest(tmp_path / "ct.nii.gz", 9), tmp_path / "work")
    assert ResultNames(out).name_of(other, other.content()) == "ct-3"


def test_the_same_files_keep_the_name_wherever_they_lie(
    out: Path, folders: Path, tmp_path: Path
) -> None:
    shutil.copytree(folders / "s3", tmp_path / "moved")
    again = handle_of(tmp_path / "moved", tmp_path / "work")
    assert ResultNames(out).name_of(again, again.content()) == "ct-2"


@pytest.mark.heavy
@pytest.mark.parametrize("version", ["0.5 and earlier", "now, other model", "interrupted"])
def test_nothing_made_from_an_earlier_result_stands_beside_the_next(
    quick_scorer: Scorer, version: str, folders: Path, out: Path, tmp_path: Path
) -> None:
    other = tmp_path / "out"
    shutil.copytree(out / "ct", other / "ct")
    earlier = ResultFolder(other / "ct").find_findings()
    assert earlier is not None
    for name in ("viewer/ct.nii.gz", "viewer/volume.json", "heatmap-1.nii.gz", "growth/a.json"):
        (other / "ct" / name).parent.mkdir(exist_ok=True)
        (other / "ct" / name).write_text("of the earlier one")
    same_images = version == "now, other model"
    update = {} if same_images else {"input": None}
    content = earlier.model_copy(update=update).model_dump_json(by_alias=True)
    (other / "ct" / "findings.json").write_text(content)
    if version == "interrupted":
        (other / "ct" / "findings.json").unlink()
    patient = "s1" if same_images else "s3"
    (scored,) = quick_scorer.score([folders / patient / "ct.nii.gz"], other).series
    assert scored.folder == other / "ct"
    assert not list(scored.folder.glob("heatmap-*"))
    assert (scored.folder / "viewer").exists() == same_images
    assert (scored.folder / "growth").exists() == same_images
