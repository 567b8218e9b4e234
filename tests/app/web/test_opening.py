"""What becomes a study, and who may make it one without scoring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from app.web.context import WebContext, start_context
from app.web.security.identity import NotAllowedError, Reader
from app.web.views import intake_panel
from app.web.views.intake import open_first, register_input, save_uploads
from medical.results.signature import folder_digest
from medical.review.worklist import worklist
from medical.store.audit import newest, verify
from tests.app.web.made_results import made_volume, write_made_result

ANNA, BOSS = Reader("anna", administrator=False), Reader("boss", administrator=True)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[WebContext]:
    opened = start_context(Settings(work_dir=tmp_path / "work"))
    yield opened
    opened.store.close()


@pytest.fixture
def result(tmp_path: Path) -> Path:
    write_made_result(tmp_path / "out", made_volume(shape=(20, 30, 30)))
    return tmp_path / "out"


def status(shared: WebContext) -> list[str]:
    return [study.status for study in worklist(shared.store)]


def test_an_upload_is_never_taken_for_a_result(
    shared: WebContext, result: Path, tmp_path: Path
) -> None:
    forged = next(result.rglob("findings.json"))
    files = [("x.mhd", 1, forged.open("rb")), ("findings.json", 1, forged.open("rb"))]
    source = save_uploads(files, tmp_path / "upload", limit_bytes=10**6)
    intake_panel.queue_input(source, ANNA)
    intake_panel.queue_input(result, ANNA)  # were the names kept after all
    assert status(shared) == ["received", "received"]
    assert {entry.action for entry in newest(shared.store, 9)} == {"receive"}


def test_a_reader_takes_in_no_folder_of_the_server(
    shared: WebContext, result: Path, tmp_path: Path
) -> None:
    for path in (result, tmp_path, tmp_path / "not there", Path("/etc")):
        with pytest.raises(NotAllowedError):
            register_input(
                shared.store, path, root=shared.studies_folder, reader=ANNA, hide_identity=False
            )
    assert status(shared) == []


def test_an_administrator_adopts_and_the_trail_says_what(shared: WebContext, result: Path) -> None:
    key = register_input(
        shared.store, result, root=shared.studies_folder, reader=BOSS, hide_identity=False
    )
    assert status(shared) == ["ready"]
    entry = newest(shared.store, 1)[0]
    assert (entry.actor, entry.action) == ("boss", "adopt")
    assert entry.subject == f"{key} {folder_digest(result)}"
    assert not verify(shared.store).problem


def test_whoever_starts_the_server_administrates_it(shared: WebContext, result: Path) -> None:
    key, error = open_first(shared.store, shared.settings, result)
    assert key and not error
    assert folder_digest(result) in newest(shared.store, 1)[0].subject
