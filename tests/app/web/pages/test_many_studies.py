"""With many studies in the store the page finds what it must, and touches only what it shows."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from app.web.context import context
from app.web.views.intake import new_upload_folder
from medical.store.queue import enqueue
from medical.store.results import import_result
from tests.app.web.made_results import UID
from tests.app.web.pages.conftest import OpenPage
from tests.medical.store.made import made_series

COUNT = 620
COMPARE = "Compare with an earlier CT"
PATIENT = "a" * 32
_touched: list[Path] | None = None


def _listen(name: str, arguments: tuple[Any, ...]) -> None:
    wanted = name in ("os.scandir", "os.listdir", "open")
    if wanted and _touched is not None and isinstance(arguments[0], (str, os.PathLike)):
        _touched.append(Path(arguments[0]))


sys.addaudithook(_listen)


@pytest.fixture
def touched() -> Iterator[list[Path]]:
    """Folders listed and files opened by this process."""
    global _touched
    _touched = []
    yield _touched
    _touched = None


@pytest.fixture
def queries() -> Iterator[list[str]]:
    """Statements sent to any database."""
    sent: list[str] = []

    def note(*arguments: Any) -> None:
        sent.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


def keep(root: Path, number: int, probability: float | None, *, patient: str, day: str) -> None:
    """A study with one finding or none, and the sheet of its images."""
    series = made_series(*([] if probability is None else [probability]), uid=f"1.2.{number}")
    folder = root / str(number) / series.series_instance_uid
    (folder / "viewer").mkdir(parents=True)
    (folder / "findings.json").write_text(series.model_dump_json(by_alias=True))
    (folder / "viewer" / "ct.nii.gz").write_bytes(b"not looked at")
    sheet = {"z_from_lps": [0, 0, 1, 0], "slice_numbers": [1], "patient": patient}
    sheet["acquired_on"] = day
    (folder / "viewer" / "volume.json").write_text(json.dumps(sheet))
    import_result(context().store, root / str(number), [series], actor="t")


@pytest.fixture
def others(open_page: OpenPage, tmp_path: Path) -> Path:
    """Folder of ``COUNT`` strong studies of other patients and a negative one of ours."""
    root = tmp_path / "others"
    for number in range(COUNT):
        keep(root, number, 0.99, patient=f"{number:032x}", day="2020-01-01")
    keep(root, COUNT, None, patient=PATIENT, day="2023-03-01")
    return root


def test_an_earlier_negative_ct_is_offered_and_no_other_folder_is_walked(
    others: Path, open_page: OpenPage, touched: list[Path], queries: list[str]
) -> None:
    header = {"age_years": None, "sex": None}
    page = open_page(header=header)
    images = next(context().settings.work_dir.parent.glob("out/*/viewer/volume.json"))
    record = json.loads(images.read_text())
    images.write_text(json.dumps({**record, "patient": PATIENT, "acquired_on": "2024-03-01"}))
    touched.clear()
    queries.clear()
    again = open_page(key=page.key)
    (label,) = again.widget("selectbox", COMPARE).options
    assert "2023-03-01" in label
    assert [path for path in touched if path.is_relative_to(others)] == []
    assert len(queries) < 60
    assert [path for path in touched if UID in str(path)] != []  # the hook does hear


def test_an_upload_that_waits_is_kept_behind_many_others(others: Path) -> None:
    shared = context()
    for _ in range(COUNT):
        enqueue(shared.store, others / "elsewhere", root=others, actor="t")
    waiting = new_upload_folder(shared.settings, shared.store)
    done = new_upload_folder(shared.settings, shared.store)
    enqueue(shared.store, waiting / "input", root=others, actor="t")
    long_ago = time.time() - 10 * shared.settings.upload_keep_hours * 3600
    for folder in (waiting, done):
        os.utime(folder, (long_ago, long_ago))
    new_upload_folder(shared.settings, shared.store)
    assert waiting.is_dir()
    assert not done.exists()
