"""The real page on a real store, driven by Streamlit's own test runner: no browser, no worker."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from app.settings import Settings
from app.web.asked import Asked
from app.web.context import start_context
from medical.detection.findings import SeriesFindings
from medical.review.reading import ReadFinding, read_study
from medical.store.database import Store
from medical.store.results import import_result
from tests.app.web.made_results import made_findings, made_volume, write_made_result

MAIN = Path(__file__).parents[4] / "app" / "web" / "main.py"


def _as_shown(markdown: str) -> str:
    """The text that a browser shows: without the escapes that make it harmless."""
    return re.sub(r"\\([^\w\s])", r"\1", markdown)


@dataclass
class Page:
    """One tab on one study."""

    tab: AppTest
    store: Store
    key: str

    def findings(self) -> list[ReadFinding]:
        """What the store holds now."""
        return list(read_study(self.store, self.key).findings)

    def press(self, label: str) -> None:
        """Press the button with this label."""
        self.widget("button", label).click().run()
        self.expect_whole()

    def sign(self) -> None:
        """Ask to sign, and confirm what is listed where that is offered."""
        self.press("Sign")
        if self.has("button", "Sign now"):
            self.press("Sign now")

    def enter(self, kind: str, label: str, value: Any) -> None:
        """Fill a field in, as Enter or leaving it would."""
        self.widget(kind, label).set_value(value).run()
        self.expect_whole()

    def widget(self, kind: str, label: str) -> Any:
        """The field or button with this label."""
        elements = [element for element in getattr(self.tab, kind) if element.label == label]
        assert elements, (label, [element.label for element in getattr(self.tab, kind)])
        return elements[0]

    def has(self, kind: str, label: str) -> bool:
        return any(element.label == label for element in getattr(self.tab, kind))

    def problems(self) -> list[str]:
        return [_as_shown(element.value) for element in self.tab.error]

    def text(self) -> str:
        """Everything that is written on the page."""
        kinds = ("markdown", "caption", "error", "warning", "info", "subheader")
        parts = [str(element.value) for kind in kinds for element in getattr(self.tab, kind)]
        parts += [str(element.proto.body) for element in self.tab.get("html")]
        return "\n".join(parts)

    def expect_whole(self) -> None:
        assert not self.tab.exception, [element.value for element in self.tab.exception]


OpenPage = Callable[..., Page]


class EndedError(BaseException):
    """As Streamlit ends a run: past every ``except Exception``."""


def end_in(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, *, before: bool) -> None:
    """End the run once, just before or just after something is called."""
    really: Callable[..., Any] = getattr(owner, name)
    ended: list[bool] = []

    def ending(*args: Any, **options: Any) -> Any:
        if ended:
            return really(*args, **options)
        ended.append(True)
        if not before:
            really(*args, **options)
        raise EndedError

    monkeypatch.setattr(owner, name, ending)


def note_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each click of buttons drawn from now on come twice before the page has answered."""
    note = Asked.note

    def noted(asked: Asked, *given: Any, **named: Any) -> None:
        note(asked, *given, **named)
        note(asked, *given, **named)

    monkeypatch.setattr(Asked, "note", noted)


def run_to_its_end(run: Callable[[], object]) -> None:
    """Run the page to where it is ended; what the test runner makes of that is its own."""
    try:
        run()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def open_page(tmp_path: Path, work_dir: Path) -> Iterator[OpenPage]:
    """Open the reading page: ``open_page(findings)``, and again with ``key`` for another tab."""
    settings = Settings(work_dir=work_dir, serve_worker=False, sample_dir=tmp_path / "none")
    shared = start_context(settings)
    volume = made_volume((24, 40, 40), (10.0, 8.8, 8.8))

    def opened(
        findings: SeriesFindings | None = None,
        *,
        key: str | None = None,
        query: dict[str, str] | None = None,
        header: dict[str, Any] | None = None,
    ) -> Page:
        if key is None:
            scored = findings or made_findings(volume)
            folder = write_made_result(tmp_path / "out", volume, scored)
            if header is not None:
                _write_header(folder, header)
            key = import_result(shared.store, tmp_path / "out", [scored], actor="tester")
        tab = AppTest.from_file(str(MAIN), default_timeout=60)
        tab.query_params["study"] = key
        for name, value in (query or {}).items():
            tab.query_params[name] = value
        tab._page_hash = calc_hash("reading")  # as the address /reading would
        tab.run()
        page = Page(tab, shared.store, key)
        page.expect_whole()
        return page

    yield opened
    shared.store.close()


def _write_header(folder: Path, header: dict[str, Any]) -> None:
    import json

    sheet = folder / "viewer" / "volume.json"
    record = json.loads(sheet.read_text())
    sheet.write_text(json.dumps({**record, "header": header}))
