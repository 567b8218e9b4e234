"""What the tests ask of the reading page."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

PICTURES = Path(__file__).parents[2] / "docs" / "screenshots"
READY = ".viewer[data-state=ready]"


@dataclass
class ReadingPage:
    """One tab at 1440×900 that notes errors, strangers and the bytes that reruns move."""

    tab: Any
    address: str
    problems: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    volume_requests: int = 0
    socket_bytes: int = 0

    def __post_init__(self) -> None:
        self.tab.on("console", self._console)
        self.tab.on("pageerror", lambda error: self.problems.append(str(error)))
        self.tab.on("request", self._request)
        self.tab.on("websocket", self._socket)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def _request(self, request: Any) -> None:
        url = urlsplit(request.url)
        if url.scheme in ("http", "https", "ws") and url.netloc != urlsplit(self.address).netloc:
            self.strangers.append(request.url)
        self.volume_requests += "/starlung/volumes/" in request.url

    def _socket(self, socket: Any) -> None:
        def count(payload: str | bytes) -> None:
            self.socket_bytes += len(payload)

        socket.on("framereceived", count)
        socket.on("framesent", count)

    def open(self) -> None:
        self.tab.goto(self.address)

    def await_images(self, *, seconds: float = 240) -> None:
        self.tab.wait_for_selector(READY, timeout=seconds * 1000)

    def view(self) -> dict[str, str]:
        """The component's data- attributes, once what was asked for is drawn."""
        dataset: dict[str, str] = self.tab.locator(".viewer").evaluate(
            "e => new Promise(done => requestAnimationFrame(() =>"
            " requestAnimationFrame(() => done({...e.dataset}))))"
        )
        return dataset

    def crosshair_lps_mm(self) -> list[float]:
        return [float(v) for v in self.view()["crosshairLps"].split(",")]

    def planes_lps_mm(self) -> list[float]:
        """x of the sagittal, y of the coronal, z of the axial picture: what is really drawn."""
        view = self.view()
        return [float(view[name]) for name in ("sagittalX", "coronalY", "axialZ")]

    def marks(self) -> list[dict[str, float]]:
        record: list[dict[str, float]] = json.loads(self.view()["marks"])
        return record

    def open_study(self, *, seconds: float = 240) -> None:
        """Open the first study of the worklist."""
        self.tab.get_by_role("link", name="CT-").first.click(timeout=seconds * 1000)
        self.await_images(seconds=seconds)

    def sidebar(self) -> Any:
        return self.tab.get_by_test_id("stSidebar")

    def press(self, button: str) -> None:
        self.sidebar().get_by_role("button", name=button, exact=True).click()

    def call_reader(self, name: str) -> None:
        """Give the reader's name, as without login."""
        box = self.tab.get_by_role("textbox", name="Reader's name")
        box.fill(name)
        box.press("Enter")
        self.settle()

    def choose_row(self, number: int) -> None:
        self.tab.locator(f'tr[data-finding="{number}"]').click()
        self.tab.wait_for_selector(f'tr.chosen[data-finding="{number}"]')

    def scroll_to(self, element: Any) -> None:
        """Bring an element on screen, and wait until the page has been told of the scroll.

        An open list closes when the page scrolls. A click scrolls by itself where it must, but the
        page hears of that only after the click: the list would open and close at once.
        """
        element.scroll_into_view_if_needed()
        self.tab.evaluate("new Promise(told => requestAnimationFrame(() => setTimeout(told)))")

    def expect_planes_at(self, centre_lps_mm: Sequence[float]) -> None:
        """The crosshair and all three pictures reach a point, within 0.05 mm."""

        def there() -> None:
            assert self.crosshair_lps_mm() == pytest.approx(list(centre_lps_mm), abs=0.05)
            assert self.planes_lps_mm() == pytest.approx(list(centre_lps_mm), abs=0.05)

        self.eventually(there)

    def expect_text(self, part: str) -> None:
        self.tab.get_by_text(part).first.wait_for()

    def click_canvas(self, x: float, y: float) -> None:
        self.tab.locator("canvas.slices").click(position={"x": x, "y": y})

    def settle(self) -> None:
        """Wait until the rerun that a click caused has ended, for checks that nothing happened.

        A check that something did happen waits for that with :meth:`eventually` instead.
        """
        self.tab.wait_for_timeout(1500)
        self.tab.wait_for_selector('[data-test-script-state="notRunning"]', state="attached")

    def eventually(self, check: Callable[[], None], *, seconds: float = 30) -> None:
        """Repeat a check until it holds: a browser shows a click's effect when it gets to it."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return check()
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
            self.tab.wait_for_timeout(100)

    def picture(self, name: str, *, show: Any = None) -> None:
        """Take a picture of the documentation anew when STARLUNG_SCREENSHOTS=1.

        ``show`` is the element that must be in them, where that is not the top of the page.
        """
        picture = PICTURES / f"{name}-1440x900.png"
        if os.environ.get("STARLUNG_SCREENSHOTS") != "1" or not picture.exists():
            return
        self.tab.wait_for_timeout(2500)  # what unfolds must have its size first
        if show is not None:
            self.scroll_to(show)
            self.tab.wait_for_timeout(500)
        self.tab.screenshot(path=picture)

    def expect_no_failure(self) -> None:
        """Nothing failed on the server, of which the browser's own errors do not tell."""
        self.settle()
        assert "An internal error occurred" not in self.text()

    def text(self) -> str:
        return str(self.tab.inner_text("body"))


@contextmanager
def reading_page(browser: Any, address: str) -> Iterator[ReadingPage]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(120_000)  # a machine that does much else answers late, not never
    try:
        yield ReadingPage(context.new_page(), address)
    finally:
        context.close()
