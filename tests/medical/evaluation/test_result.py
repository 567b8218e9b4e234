"""An ``evaluation.json`` that somebody names is read as numbers, or refused in one sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from medical.errors import InputError
from medical.evaluation.evaluate import evaluate_tables, write_report
from medical.evaluation.result import LIMIT_BYTES, read_evaluation
from medical.evaluation.tables import Candidate, ReferenceFinding, Tables

TABLES = Tables(
    ("a", "b", "c"),
    (ReferenceFinding("a", (0, 0, 0), 5.0), ReferenceFinding("a", (50, 0, 0), 10.0)),
    (),
    (Candidate("a", (1, 0, 0), 0.9), Candidate("b", (0, 0, 0), 0.4)),
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("out")
    write_report(evaluate_tables(TABLES, operating_point=0.5, bootstraps=50), folder)
    return (folder / "evaluation.json").read_text()


def put(folder: Path, content: str | bytes) -> Path:
    data = content if isinstance(content, bytes) else content.encode()
    (folder / "evaluation.json").write_bytes(data)
    return folder


def changed(written: str, **keys: object) -> str:
    return json.dumps({**json.loads(written), **keys})


def test_what_evaluate_wrote_reads_back(written: str, tmp_path: Path) -> None:
    evaluation = read_evaluation(put(tmp_path, written))
    assert evaluation == evaluate_tables(TABLES, operating_point=0.5, bootstraps=50).evaluation


def test_an_evaluation_from_before_the_curve_was_kept_reads_too(
    written: str, tmp_path: Path
) -> None:
    old = {key: value for key, value in json.loads(written).items() if key != "curve"}
    assert read_evaluation(put(tmp_path, json.dumps(old))).curve == []


def test_a_folder_without_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no evaluation"):
        read_evaluation(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "evaluation.json")
    with pytest.raises(InputError, match="holds no evaluation"):
        read_evaluation(tmp_path)


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="larger than 1 MB"):
        read_evaluation(put(tmp_path, b" " * (LIMIT_BYTES + 1)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b"[" * 100_000,
        b'{"sensitivity": "![x](http://elsewhere.example/x.png)"}',
    ],
    ids=["empty", "no text", "a list", "deep", "words"],
)
def test_anything_else_is_refused_and_not_repeated(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not what 'starlung evaluate' writes") as refused:
        read_evaluation(put(tmp_path, content))
    assert "elsewhere" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cpm", 1.5),
        ("cpm", float("nan")),
        ("scans", 0),
        ("nodules", -1),
        ("nodules", 10**400),
        ("curve", [{"false_positives_per_scan": 0, "sensitivity": 0, "sensitivity_ci95": None}]),
        (
            "size_bins",
            [
                {
                    "diameter_from_mm": 0,
                    "diameter_to_mm": 6,
                    "nodules": 1,
                    "found": 2,
                    "sensitivity": 1,
                }
            ],
        ),
    ],
)
def test_numbers_that_cannot_be_are_refused(
    key: str, value: object, written: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="is not what"):
        read_evaluation(put(tmp_path, changed(written, **{key: value})))


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "~nobody-of-that-name/x"])
def test_no_name_makes_a_trace(name: str) -> None:
    with pytest.raises(InputError):
        read_evaluation(Path(name))
