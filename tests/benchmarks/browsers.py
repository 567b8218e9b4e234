"""Twenty browsers at once on the worklist: no error, and how long the answers take.

Each is a context of its own (cookies, connection, session) in one real headless Chromium: it opens
the worklist, waits until all have it, and looks on for twenty seconds. Then each searches three
times at moments of its own, one search a second among all; then three times with all others in the
same moment. An answer is the time from pressing Enter until the list holds the one study asked for.
Chromium and the server share the machine, so the seconds hold the browsers' own work, and that of
whatever else runs; the server's processor time, told beside them, does not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from medical.store.database import open_store, sqlite_url
from medical.store.queue import claim, enqueue, finish
from tests.browser.conftest import serving
from tests.medical.store.made import made_series

# The worklist draws nothing by WebGL; twenty tabs painted by a software GPU would take both cores.
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
STUDIES = 60
ROUNDS = 3
BETWEEN_SECONDS = 20.0  # of one browser's searches, on average: one a second among twenty
LOOKING_SECONDS = 20.0
FOUND = """label => {
    const rows = document.querySelectorAll('.starlung-row')
    const links = [...document.querySelectorAll('a')].map(a => a.textContent)
    return rows.length === 1 && links.some(text => text.includes(label))
}"""


@dataclass
class Measured:
    """What all browsers saw."""

    server: psutil.Process
    opened: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    looking_cpu_seconds: float = 0.0
    answering_cpu_seconds: float = 0.0

    def cpu_seconds(self) -> float:
        """Processor time of the server so far."""
        spent = self.server.cpu_times()
        return float(spent.user + spent.system)


def fill(work: Path) -> list[str]:
    """Sixty scored studies; returns their labels."""
    store = open_store(sqlite_url(work / "work" / "store.sqlite"))
    labels = []
    for number in range(STUDIES):
        key = enqueue(store, work / "ct", root=work / "results", actor="bench")
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
        await asyncio.gather(*(visit(tab, address, measured) for tab in tabs))
        before = measured.cpu_seconds()
        await asyncio.sleep(LOOKING_SECONDS)
        measured.looking_cpu_seconds = measured.cpu_seconds() - before
        before = measured.cpu_seconds()
        wished = [labels[n : n + ROUNDS] for n in range(count)]
        moments = random.Random(0)
        pauses = [[moments.uniform(0, 2 * BETWEEN_SECONDS) for _ in item] for item in wished]
        visits = zip(tabs, wished, pauses, strict=True)
        await asyncio.gather(
            *(look_for(tab, item, when, measured.answers, measured) for tab, item, when in visits)
        )
        measured.answering_cpu_seconds = measured.cpu_seconds() - before
        at_once = [0.0] * ROUNDS
        again = zip(tabs, reversed(wished), strict=True)
        await asyncio.gather(
            *(look_for(tab, item, at_once, measured.together, measured) for tab, item in again)
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


async def visit(tab: Any, address: str, measured: Measured) -> None:
    """Open the worklist."""
    try:
        began = time.perf_counter()
        await tab.goto(address)
        await tab.locator(".starlung-row").first.wait_for()
        measured.opened.append(time.perf_counter() - began)
    except Exception as error:  # counted and told, not raised: the others go on
        measured.problems.append(f"{type(error).__name__}: {error}")


async def look_for(
    tab: Any, labels: list[str], pauses: list[float], answers: list[float], measured: Measured
) -> None:
    """Search for one study after the other, each after a pause in seconds."""
    try:
        box = tab.get_by_role("textbox", name="Search")
        for label, pause in zip(labels, pauses, strict=True):
            await asyncio.sleep(pause)
            await box.fill(label)
            began = time.perf_counter()
            await box.press("Enter")
            await tab.wait_for_function(FOUND, arg=label)
            answers.append(time.perf_counter() - began)
        measured.problems.extend(await tab.get_by_test_id("stAlert").all_inner_texts())
    except Exception as error:  # counted and told, not raised: the others go on
        measured.problems.append(f"{type(error).__name__}: {error}")


def main() -> None:
    """Print the table and the RESULT line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--browsers", type=int, default=20)
    count = asked.parse_args().browsers
    with tempfile.TemporaryDirectory(prefix="starlung-browsers-") as folder:
        work = Path(folder)
        labels = fill(work)
        with serving(work) as address:
            measured = Measured(psutil.Process().children()[0])
            load_before = os.getloadavg()[0]
            asyncio.run(read_all(address, labels, count, measured))
        log = (work / "server.txt").read_text()
    report(count, measured, traces=log.count("Traceback"), load_before=load_before)


def report(count: int, measured: Measured, *, traces: int, load_before: float) -> None:
    """The table, the problems, and the RESULT line."""
    print(f"{'':22}{'number':>8}{'median s':>10}{'worst s':>9}")
    ways = (
        ("worklist opened", measured.opened),
        ("answers", measured.answers),
        ("all in one moment", measured.together),
    )
    for name, seconds in ways:
        worst, median = max(seconds, default=0.0), statistics.median(seconds or [0.0])
        print(f"{name:22}{len(seconds):>8}{median:>10.2f}{worst:>9.2f}")
    looking = measured.looking_cpu_seconds / LOOKING_SECONDS
    each = measured.answering_cpu_seconds / max(1, len(measured.answers))
    print(
        f"server while all look on: {looking:.0%} of a core; {each:.3f} processor seconds an answer"
    )
    print(f"load of the machine before the browsers came: {load_before:.1f}")
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
        "together_seconds_median": round(statistics.median(measured.together or [0.0]), 2),
        "together_seconds_worst": round(max(measured.together, default=0.0), 2),
        "server_share_of_a_core_looking": round(looking, 3),
        "server_cpu_seconds_an_answer": round(each, 3),
        "load_before": round(load_before, 1),
    }
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
