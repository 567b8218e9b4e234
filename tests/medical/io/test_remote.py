"""Addresses of object stores: what they name comes here, results go back, and nothing leads out."""

from __future__ import annotations

import uuid
from pathlib import Path

import fsspec
import pytest

from medical.errors import InputError
from medical.io.remote import is_url, shown_address, staged


@pytest.fixture(params=["memory", "file"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty place."""
    if request.param == "memory":
        return f"memory://{uuid.uuid4()}"
    (tmp_path / "bucket").mkdir()
    return f"file://{tmp_path / 'bucket'}"


def put(url: str, content: bytes = b"x") -> None:
    with fsspec.open(url, "wb", auto_mkdir=True) as file:
        file.write(content)


def get(url: str) -> bytes:
    with fsspec.open(url, "rb") as file:
        return bytes(file.read())


def listed(url: str) -> set[str]:
    system, root = fsspec.core.url_to_fs(url)
    return {name[len(root) :].lstrip("/") for name in system.find(root)}


def test_paths_of_this_machine_stay_what_they_are(tmp_path: Path) -> None:
    with staged([tmp_path / "ct"], tmp_path / "out") as stage:
        assert (stage.paths, stage.out, stage.url) == ([tmp_path / "ct"], tmp_path / "out", "")
    assert not is_url("C:/ct") and is_url("s3://bucket/ct")


def test_all_below_an_address_comes_here_and_is_gone_afterwards(
    bucket: str, tmp_path: Path
) -> None:
    put(f"{bucket}/a/1.dcm", b"one")
    put(f"{bucket}/a/deep/2.dcm", b"two")
    put(f"{bucket}/ct.nii.gz", b"three")
    inputs = [f"{bucket}/a", f"{bucket}/ct.nii.gz", tmp_path]
    with staged(inputs, tmp_path / "out") as stage:
        folder, file, local = stage.paths
        assert (folder / "1.dcm").read_bytes() == b"one"
        assert (folder / "deep" / "2.dcm").read_bytes() == b"two"
        assert (file.name, file.read_bytes(), local) == ("ct.nii.gz", b"three", tmp_path)
    assert not folder.exists()


def test_results_go_back_whole_and_once(bucket: str) -> None:
    with staged(["ct"], f"{bucket}/out") as stage:
        (stage.out / "1.2").mkdir()
        (stage.out / "1.2" / ".partial-1").write_bytes(b"half")
        (stage.out / "1.2" / "findings.json").write_bytes(b"{}")
        (stage.out / "1.2" / "outlines.npz").write_bytes(b"o")
        stage.copy_back()
        assert listed(f"{bucket}/out") == {"1.2/findings.json", "1.2/outlines.npz"}
        put(f"{bucket}/out/1.2/outlines.npz", b"changed there")
        (stage.out / "manifest.jsonl").write_bytes(b"line")
    assert get(f"{bucket}/out/manifest.jsonl") == b"line"
    assert get(f"{bucket}/out/1.2/outlines.npz") == b"changed there", "it was not copied again"


def test_a_run_adds_to_the_results_that_are_there_as_in_a_folder(bucket: str) -> None:
    put(f"{bucket}/out/1.2/findings.json", b"{}")
    put(f"{bucket}/out/1.2/heatmap-1.nii.gz")
    put(f"{bucket}/out/manifest.jsonl", b"first\n")
    with staged(["ct"], f"{bucket}/out") as stage:
        assert (stage.out / "1.2" / "findings.json").read_bytes() == b"{}"
        with (stage.out / "manifest.jsonl").open("a") as manifest:
            manifest.write("second\n")
        (stage.out / "1.2" / "heatmap-1.nii.gz").unlink()
    assert get(f"{bucket}/out/manifest.jsonl") == b"first\nsecond\n"
    assert listed(f"{bucket}/out") == {"1.2/findings.json", "manifest.jsonl"}
    with staged(["ct"], f"{bucket}/new") as stage:
        assert list(stage.out.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("memory://nothing/there", "memory://nothing/there: does not exist. Correct the address."),
        ("s4://key:secret@bucket/ct", "s4://bucket/ct: cannot be read or written (ValueError)"),
        ("adl://bucket/ct", "adl://bucket/ct: its driver is not installed"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(address: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught, staged([address], tmp_path):
        pass
    assert str(caught.value).startswith(sentence)
    assert "secret" not in str(caught.value)


def test_an_address_is_printed_without_what_opens_it() -> None:
    address = "s3://key:secret@bucket/out?signature=secret"
    assert shown_address(address) == "s3://bucket/out"
    assert shown_address("results/out?") == "results/out?"


def test_a_place_that_takes_no_results_is_said_before_anything_is_scored(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    for address in ("nosuch://place/out", f"file://{tmp_path}/file/out"):
        with (
            pytest.raises(InputError, match="cannot be read or written"),
            staged(["ct"], address),
        ):
            pytest.fail("the run has begun")


@pytest.mark.heavy
def test_an_archive_is_scored_from_address_to_address(bucket: str, tmp_path: Path) -> None:
    from medical.scoring.batches.options import ScoreOptions
    from medical.scoring.scorer import Scorer
    from tests.medical.scoring.small_chest import write_small_chest

    write_small_chest(tmp_path / "chest.nii.gz", seed=1)
    put(f"{bucket}/in/chest.nii.gz", (tmp_path / "chest.nii.gz").read_bytes())
    scorer = Scorer.named(samples=2)
    result = scorer.score([f"{bucket}/in"], f"{bucket}/out")
    assert len(result.series) == 1
    assert {"chest/findings.json", "predictions.csv", "manifest.jsonl"} <= listed(f"{bucket}/out")
    again = scorer.score([f"{bucket}/in"], f"{bucket}/out", options=ScoreOptions(resume=True))
    assert again.series[0].findings == result.series[0].findings
    assert get(f"{bucket}/out/manifest.jsonl").count(b"there already") == 1
