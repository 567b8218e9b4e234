"""What is asked for in the worklist is done once, whatever ends the run, and its dialog stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.settings import Settings
from app.web.asked import Asked
from app.web.context import start_context
from app.web.views import intake_panel, study_dialog
from medical.results.folder import ResultFolder
from medical.store.audit import newest
from medical.store.database import Store
from medical.store.queue import enqueue
from medical.store.requests import archive, cancel
from medical.store.results import import_result
from tests.app.web.made_results import made_volume, write_made_result
from tests.app.web.pages.conftest import MAIN, Page, end_in, note_twice, run_to_its_end


@pytest.fixture
def page(tmp_path: Path, work_dir: Path) -> Iterator[Page]:
    """The worklist with a study of which nobody has decided anything."""
    sample = tmp_path / "sample"
    sample.mkdir()
    (sample / "1.dcm").write_bytes(b"not looked at here")
    shared = start_context(Settings(work_dir=work_dir, serve_worker=False, sample_dir=sample))
    out = tmp_path / "out"
    write_made_result(out, made_volume((24, 40, 40), (10.0, 8.8, 8.8)))
    (folder,) = (ResultFolder(path.parent) for path in out.rglob("findings.json"))
    key = import_result(shared.store, out, [folder.read_findings()], actor="t", digest="")
    tab = AppTest.from_file(str(MAIN), default_timeout=60)
    yield Page(tab.run(), shared.store, key)
    shared.store.close()


def queued(store: Store, tmp_path: Path) -> str:
    """Put one more study in line; returns its key."""
    return enqueue(store, tmp_path / "out", root=tmp_path / "studies", actor="t")


def manage(page: Page, label: str) -> None:
    """Open the dialog of the page's study and press a button there, without its run."""
    page.tab.run()
    page.tab.button(key=f"more-{page.key}").click().run()
    page.widget("button", label).click()


Click = Callable[[Page, Path], None]


def choose_way(page: Page, way: str) -> None:
    """Choose how CTs come in."""
    page.tab.segmented_control(key="way").set_value(way).run()


def upload(page: Page, *names: str) -> None:
    """Choose files of these names to upload."""
    choose_way(page, "upload")
    page.tab.file_uploader[0].set_value([(name, name.encode(), "") for name in names]).run()


class _Clicks:
    """Each click that writes, with what must have happened before it."""

    @staticmethod
    def managing(label: str) -> Click:
        """Press a button of the study's dialog."""
        return lambda page, tmp_path: manage(page, label)

    @staticmethod
    def cancel(page: Page, tmp_path: Path) -> None:
        page.key = queued(page.store, tmp_path)
        manage(page, "Cancel scoring")

    @staticmethod
    def failed_again(page: Page, tmp_path: Path) -> None:
        cancel(page.store, queued(page.store, tmp_path), actor="t")
        page.tab.run()
        page.widget("button", "Score again").click()

    @staticmethod
    def bring_back(page: Page, tmp_path: Path) -> None:
        archive(page.store, page.key, reason="test", actor="t")
        page.widget("checkbox", "Archived").check()
        manage(page, "Show in the worklist again")

    @staticmethod
    def sample(page: Page, tmp_path: Path) -> None:
        page.widget("button", "Score").click()

    @staticmethod
    def upload(page: Page, tmp_path: Path) -> None:
        upload(page, "a.dcm")
        page.widget("button", "Score").click()

    @staticmethod
    def folder(page: Page, tmp_path: Path) -> None:
        choose_way(page, "folder")
        page.widget("text_input", "Folder or file on the server").set_value(
            str(tmp_path / "sample")
        )
        page.tab.button(key="take-in").click()  # the path was not sent before the click


again, away, gone = map(
    _Clicks.managing, ("Score again with this model", "Archive", "Delete study and result")
)
CLICKS = [  # the click, where its write is, and what the trail says of it
    pytest.param(_Clicks.cancel, study_dialog, "cancel", "cancel", id="cancel"),
    pytest.param(again, study_dialog, "score_again", "receive", id="again"),
    pytest.param(_Clicks.failed_again, study_dialog, "try_again", "received", id="failed again"),
    pytest.param(away, study_dialog, "archive", "archive", id="archive"),
    pytest.param(_Clicks.bring_back, study_dialog, "bring_back", "bring back", id="bring back"),
    pytest.param(gone, study_dialog, "remove", "delete", id="delete"),
    pytest.param(_Clicks.sample, intake_panel, "enqueue", "receive", id="sample"),
    pytest.param(_Clicks.upload, intake_panel, "enqueue", "receive", id="upload"),
    pytest.param(_Clicks.folder, intake_panel, "register_input", "receive", id="folder"),
]


def entries(page: Page, action: str) -> int:
    """How often the trail says so."""
    return [entry.action for entry in newest(page.store, 50)].count(action)


def expect_done_once(page: Page, action: str, already: int) -> None:
    """The trail says once more than before that it was done, and nothing went wrong."""
    page.expect_whole()
    assert entries(page, action) - already == 1
    assert page.problems() == []


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("click", "owner", "name", "action"), CLICKS)
def test_a_click_whose_run_is_ended_acts_once(
    page: Page,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    click: Click,
    owner: object,
    name: str,
    action: str,
    before: bool,
) -> None:
    click(page, tmp_path)
    already = entries(page, action)
    end_in(monkeypatch, *((owner, name) if before else (Asked, "written")), before=before)
    run_to_its_end(page.tab.run)
    page.tab.run()
    page.tab.run()
    expect_done_once(page, action, already)
    assert not page.has("button", "Archive")  # the dialog is closed


@pytest.mark.parametrize(("click", "owner", "name", "action"), CLICKS)
def test_a_second_click_before_the_page_has_answered_is_the_same_one(
    page: Page,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    click: Click,
    owner: object,
    name: str,
    action: str,
) -> None:
    note_twice(monkeypatch)
    page.tab.run()
    click(page, tmp_path)
    already = entries(page, action)
    page.tab.run()
    expect_done_once(page, action, already)


def test_a_dialog_stays_open_while_the_worklist_changes(page: Page, tmp_path: Path) -> None:
    page.tab.button(key=f"more-{page.key}").click().run()
    key = queued(page.store, tmp_path)
    page.tab.run()
    assert f'data-study="{key}"' in page.text()
    page.press("Archive")
    assert entries(page, "archive") == 1
    page.tab.run()
    assert not page.has("button", "Archive")


def test_an_adopted_result_is_opened(page: Page, tmp_path: Path) -> None:
    choose_way(page, "folder")
    page.enter("text_input", "Folder or file on the server", str(tmp_path / "out"))
    page.press("Open")
    assert "Finding 1 of 3" in page.text()


def test_several_uploads_are_all_queued_and_leave_the_uploader_empty(page: Page) -> None:
    upload(page, "a.zip", "b.zip")
    page.press("Score")
    assert entries(page, "receive") == 2
    assert page.widget("button", "Score").disabled


def test_a_press_is_done_once_and_a_later_one_again() -> None:
    asked, done = Asked(), []

    def act() -> None:
        done.append(len(asked.pressed))
        asked.written()

    drawn = asked.on_press("archive a", act)
    drawn()
    drawn()
    asked.do()
    drawn()  # sent before the page was drawn anew
    asked.do()
    asked.on_press("archive a", act)()
    asked.do()
    assert done == [0, 1]


def test_a_press_that_was_refused_can_be_tried_again() -> None:
    asked, tries = Asked(), []
    press = asked.on_press("sign a", lambda: tries.append("refused"))
    press()
    asked.do()
    press()
    asked.do()
    assert tries == ["refused", "refused"]


def test_the_dialog_before_signing_is_of_one_study() -> None:
    asked = Asked()
    asked.ask_to_sign("this")
    assert (asked.next_study("this"), asked.signing) == (None, "this")
    assert (asked.next_study("another"), asked.signing) == (None, "")
