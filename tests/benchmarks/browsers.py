"""Twenty browsers at once on the worklist: no error, and how long the answers take.

Each is a context of its own (cookies, connection, session) in one real headless Chromium: it opens
the worklist and searches three times, while the page renews itself every two seconds for all of
them. An answer is the time from pressing Enter until the list holds the one study asked for.
Chromium and the server share the machine, so the figures hold the browsers' own work too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medical.store.database import open_store, sqlite_url
from medical.store.queue import claim, finish, receive
from tests.browser.conftest import CHROMIUM_FLAGS, serving
from tests.medical.store.made import made_series

STUDIES = 60
ROUNDS = 3
FOUND = """label => {
    const rows = document.querySelectorAll('.starlung-row')
    const links = [...document.querySelectorAll('a')].map(a => a.textContent)
    return rows.length === 1 && links.some(text => text.includes(label))
}"""


@dataclass
class Measured:
    """What all browsers saw."""

    opened: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def fill(work: Path) -> list[str]:
    """Sixty scored studies; returns their labels."""
    store = open_store(sqlite_url(work / "work" / "store.sqlite"))
    labels = []
    for number in range(STUDIES):
        key = receive(store, work / "ct", root=work / "results", actor="bench")
        taken = claim(store, "bench")
        if taken is not None:
            series = made_series(0.3 + 0.6 * number / STUDIES, uid=f"1.2.{number}")
            finish(store, taken, series=[series])
        labels.append(f"CT-{key[:6].upper()}")
    store.close()
    return labels


async def read_all(address: str, labels: list[str], count: int, measured: Measured) -> None:
    """All browsers' visits, begun together."""
    from playwright.async_api import async_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        tabs = [await new_tab(opened, measured) for _ in range(count)]
        await asyncio.gather(
            *(visit(tab, address, labels[n:], measured) for n, tab in enumerate(tabs))
        )
        await opened.close()


async def new_tab(opened: Any, measured: Measured) -> Any:
    """A tab that notes what goes wrong."""
    context = await opened.new_context(viewport={"width": 1440, "height": 900})
    tab = await context.new_page()
    tab.set_default_timeout(180_000)

    def answered(answer: Any) -> None:
        if answer.status >= 400:
            measured.problems.append(f"{answer.status} {answer.url}")

    tab.on("pageerror", lambda error: measured.problems.append(str(error)))
    tab.on("response", answered)
    return tab


async def visit(tab: Any, address: str, labels: list[str], measured: Measured) -> None:
    """Open the worklist, then look for studies."""
    try:
        began = time.perf_counter()
        await tab.goto(address)
        await tab.locator(".starlung-row").first.wait_for()
        measured.opened.append(time.perf_counter() - began)
        box = tab.get_by_role("textbox", name="Search")
        for label in labels[:ROUNDS]:
            await box.fill(label)
            began = time.perf_counter()
            await box.press("Enter")
            await tab.wait_for_function(FOUND, arg=label)
            measured.answers.append(time.perf_counter() - began)
        measured.problems.extend(await tab.get_by_test_id("stAlert").all_inner_texts())
    except Exception as error:  # counted and told, not raised: the others go on
        measured.problems.append(f"{type(error).__name__}: {error}")


def main() -> None:
    """Print the table and the RESULT line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--browsers", type=int, default=20)
    count = asked.parse_args().browsers
    measured = Measured()
    with tempfile.TemporaryDirectory(prefix="starlung-browsers-") as folder:
        work = Path(folder)
        labels = fill(work)
        with serving(work) as address:
            asyncio.run(read_all(address, labels, count, measured))
        log = (work / "server.txt").read_text()
    report(count, measured, traces=log.count("Traceback"))


def report(count: int, measured: Measured, *, traces: int) -> None:
    """The table, the problems, and the RESULT line."""
    print(f"{'':22}{'number':>8}{'median s':>10}{'worst s':>9}")
    for name, seconds in (("worklist opened", measured.opened), ("answers", measured.answers)):
        worst, median = max(seconds, default=0.0), statistics.median(seconds or [0.0])
        print(f"{name:22}{len(seconds):>8}{median:>10.2f}{worst:>9.2f}")
    for problem in measured.problems:
        print(f"problem: {problem[:200]}")
    result = {
        "browsers": count,
        "errors": len(measured.problems) + traces,
        "opened": len(measured.opened),
        "open_seconds_median": round(statistics.median(measured.opened or [0.0]), 2),
        "open_seconds_worst": round(max(measured.opened, default=0.0), 2),
        "answers": len(measured.answers),
        "answer_seconds_median": round(statistics.median(measured.answers or [0.0]), 2),
        "answer_seconds_worst": round(max(measured.answers, default=0.0), 2),
    }
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
