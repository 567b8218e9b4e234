"""A reader's forenoon: forty studies, one after the other, in a real Chromium.

Open, decide on every finding, sign, next: by mouse and by keyboard as the page is now, and by mouse
as it was at another commit, which is checked out beside and serves the same studies; a study each
way in turn, so that what else runs on the machine slows all three alike. The studies are made from
the sample: mirrored or not, with a scanner's noise of their own and one to four findings. Seconds
count from one study's first picture with its first finding chosen to the next one's; each click and
each key counts, Tab too. Nobody thinks between two of them, so the seconds are the page's own.
Server, browser and the software that stands for a GPU share the machine.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from app.web.views.worklist import PAGE_ROWS
from medical.ct.volume import CtVolume, SeriesSource
from medical.detection.findings import Finding
from medical.intake import open_input
from medical.results.folder import ResultFolder
from tests.benchmarks.viewer import TRUTH, findings_of
from tests.browser.conftest import CHROMIUM_FLAGS, ROOT, serving

BEFORE = "dd501e3^"
"""The commit before the reading room's second edition."""
NOISE_HU = 15.0
SHOWN_EVERY = 10
MOST_FINDINGS = 4
PATIENCE_MS = 120_000
HEAD = ".starlung-head > h1, .starlung-head > b"
"""Of the page now, and as it was before."""
Way = Literal["before, mouse", "now, mouse", "now, keyboard"]
WAYS: tuple[Way, ...] = ("before, mouse", "now, mouse", "now, keyboard")
IMPORT = """
import sys
from pathlib import Path
from medical.results.folder import ResultFolder
from medical.store.database import open_store, sqlite_url
from medical.store.results import import_result
store = open_store(sqlite_url(Path(sys.argv[1]) / "store.sqlite"))
for folder in sorted(Path(sys.argv[2]).glob("*/*")):
    import_result(store, folder, [ResultFolder(folder).read_findings()], actor="walk")
store.close()
"""


def make_studies(out: Path, count: int) -> None:
    """Write results of so many studies, no two alike, below a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        (handle,) = open_input(ROOT / "sample_data" / "ct", work_dir=Path(scratch)).chosen
        sample = handle.load()
    for number in range(count):
        rng = np.random.default_rng(number)
        hu = sample.hu[:, :, ::-1] if number % 2 else sample.hu
        noise = rng.normal(0, NOISE_HU, hu.shape[1:])
        noisy = np.clip(hu + noise.astype(np.int16), -1024, 3071).astype(np.int16)
        uid = f"1.2.826.0.1.3680043.8.498.400.{number}"
        ct = CtVolume(noisy, sample.geometry, SeriesSource(uid))
        result = findings_of(ct, TRUTH, uid)
        few = itertools.islice(itertools.cycle(result.findings), 1 + number % MOST_FINDINGS)
        findings = [
            _moved(finding, index, ct, mirrored=bool(number % 2))
            for index, finding in enumerate(few, start=1)
        ]
        folder = out / f"{number:03d}" / uid
        folder.mkdir(parents=True)
        written = result.model_copy(update={"findings": findings})
        (folder / "findings.json").write_text(written.model_dump_json(by_alias=True))
        ResultFolder(folder).write_images(ct)


def _moved(finding: Finding, number: int, ct: CtVolume, *, mirrored: bool) -> Finding:
    """Return it under a number of its own and, in a mirrored CT, where it lies then."""
    z, y, x = ct.geometry.lps_to_voxel(finding.center_lps_mm)
    across = ct.hu.shape[2] - 1 - x if mirrored else x
    where = tuple(float(v) for v in ct.geometry.voxel_to_lps(np.array([z, y, across])))
    return finding.model_copy(update={"id": number, "center_lps_mm": where})


@dataclass
class Walk:
    """One walk: what it took, a study an entry."""

    tab: Any
    way: Way
    hands: int = 0
    seconds: list[float] = field(default_factory=list)
    actions: list[int] = field(default_factory=list)
    read: set[str] = field(default_factory=set)

    def click(self, element: Any) -> None:
        self.hands += 1
        element.click()

    def press(self, key: str) -> None:
        self.hands += 1
        self.tab.keyboard.press(key)

    def label(self) -> str:
        """The study on show; empty between two."""
        head = self.tab.locator(HEAD)
        return str(head.first.inner_text().split()[0]) if head.count() else ""

    def await_first_finding(self) -> None:
        """Wait for another study's first picture, its first finding chosen."""
        self.tab.wait_for_function(
            "([head, read]) => { const shown = document.querySelector(head);"
            " return shown && !read.includes(shown.innerText.split(/\\s/)[0]) }",
            arg=[HEAD, sorted(self.read)],
        )
        self.tab.wait_for_selector(".viewer[data-state=ready]")
        self.tab.wait_for_selector('tr.chosen[data-finding="1"]')
        self.tab.get_by_text("Finding 1 of").wait_for()

    def read_one(self, *, last: bool) -> None:
        """Decide on all findings of the study on show, sign it, go on to the next."""
        count = self.tab.locator("tr[data-finding]").count()
        self.read.add(self.label())
        for number in range(1, count + 1):
            self.tab.wait_for_selector(f'tr.chosen[data-finding="{number}"]')
            if self.way == "now, keyboard":
                self._decide_by_key(rejected=number == count > 1)
            else:
                self._decide_by_mouse(number, rejected=number == count > 1)
                self._await_decided(number, count)
        if self.way == "now, keyboard":
            self.press("s")
            self.tab.get_by_role("button", name="Sign now").wait_for()
            self.press("Enter")
        else:
            self.click(self.tab.get_by_test_id("stSidebar").get_by_role("button", name="Sign").last)
            if self.way == "now, mouse":
                self.click(self.tab.get_by_role("button", name="Sign now"))
        if last or self.way == "before, mouse":
            self.tab.get_by_text("Signed by").first.wait_for()
        if not last:
            if self.way == "before, mouse":
                self._next_from_the_worklist()
            self.await_first_finding()

    def _decide_by_key(self, *, rejected: bool) -> None:
        for key in ("x", "1") if rejected else ("a",):
            self.press(key)

    def _decide_by_mouse(self, number: int, *, rejected: bool) -> None:
        side = self.tab.get_by_test_id("stSidebar")
        if rejected:
            self.click(side.get_by_role("combobox", name="Reason for rejection"))
            self.click(self.tab.get_by_role("option", name="vessel").first)
        verb = "Reject" if rejected else "Accept"
        self.click(side.get_by_role("button", name=f"{verb} {number}", exact=True))

    def _await_decided(self, number: int, count: int) -> None:
        done = f"{number} decided" if self.way.startswith("before") else f"{number} of {count} rev"
        self.tab.get_by_text(done).first.wait_for()

    def _next_from_the_worklist(self) -> None:
        self.click(self.tab.get_by_role("link", name="Worklist"))
        # The list comes row by row; what was read stands among the rest, and may fill a page.
        look = (
            "([read, rows]) => { const listed = [...document.querySelectorAll('a')]"
            ".map(link => link.innerText.trim()).filter(text => text.startsWith('CT-'));"
            " return listed.find(text => !read.includes(text))"
            " ?? (listed.length < rows ? '' : 'full') }"
        )
        sought = [sorted(self.read), PAGE_ROWS]
        waiting = self.tab.wait_for_function(look, arg=sought).json_value()
        if waiting == "full":
            self.click(self.tab.get_by_test_id("stNumberInputStepUp"))
            waiting = self.tab.wait_for_function(look, arg=[sought[0], 2 * PAGE_ROWS]).json_value()
        self.click(self.tab.get_by_role("link", name=waiting))


def begin(playwright: Any, address: str, way: Way) -> Walk:
    """Open the first study in a browser of its own, which lives as long as ``playwright``."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
    tab = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    tab.set_default_timeout(PATIENCE_MS)
    tab.goto(address)
    walked = Walk(tab, way)
    tab.get_by_role("link", name="CT-").first.click()
    walked.await_first_finding()
    return walked


def go_on(walked: Walk, *, last: bool) -> None:
    """Read one study, and note what it took."""
    began, hands = time.perf_counter(), walked.hands
    walked.read_one(last=last)
    walked.seconds.append(time.perf_counter() - began)
    walked.actions.append(walked.hands - hands)


@contextmanager
def checked_out(commit: str, scratch: Path) -> Iterator[Path]:
    """Check another commit out, its viewer built."""
    place = scratch / "before"
    subprocess.run(["git", "worktree", "add", "--detach", str(place), commit], cwd=ROOT, check=True)
    try:
        build = [sys.executable, "-m", "app.web.components.viewer.build"]
        subprocess.run(build, cwd=place, env=_only(place), check=True)
        yield place
    finally:
        remove = ["git", "worktree", "remove", "--force", str(place)]
        subprocess.run(remove, cwd=ROOT, check=True)


def _only(root: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(root)}


@contextmanager
def served(way: Way, root: Path, results: Path, scratch: Path) -> Iterator[str]:
    """Serve a store of its own by the code below ``root``; yields its address."""
    folder = scratch / way.replace(", ", "-")
    (folder / "work").mkdir(parents=True)
    taken_in = [sys.executable, "-c", IMPORT, str(folder / "work"), str(results)]
    subprocess.run(taken_in, cwd=root, env=_only(root), check=True)
    with serving(folder, root=root) as address:
        yield address


def walk(ways: Sequence[Way], before: str, count: int, scratch: Path) -> dict[Way, Walk]:
    """Read so many studies each way, one of each in turn: what else runs slows all alike."""
    from playwright.sync_api import sync_playwright

    make_studies(scratch / "results", count)
    with ExitStack() as stack:
        roots = {
            way: stack.enter_context(checked_out(before, scratch)) if way in WAYS[:1] else ROOT
            for way in ways
        }
        addresses = {
            way: stack.enter_context(served(way, root, scratch / "results", scratch))
            for way, root in roots.items()
        }
        playwright = stack.enter_context(sync_playwright())
        walks = {way: begin(playwright, address, way) for way, address in addresses.items()}
        for number in range(1, count + 1):
            for walked in walks.values():
                go_on(walked, last=number == count)
            if number % SHOWN_EVERY == 0 or number == count:
                print("\n".join(table(walks)), flush=True)
    return walks


def table(walks: dict[Way, Walk]) -> list[str]:
    """One line a way."""
    lines = [
        f"{'':16} {'studies':>7} {'s a study':>10} {'90 %':>6} {'clicks or keys':>15} {'90 %':>6}"
    ]
    for way, walked in walks.items():
        seconds, actions = np.array(walked.seconds), np.array(walked.actions)
        lines.append(
            f"{way:16} {len(seconds):7} {np.median(seconds):10.1f}"
            f" {np.quantile(seconds, 0.9):6.1f} {np.median(actions):15.1f}"
            f" {np.quantile(actions, 0.9):6.1f}"
        )
    return lines


def main() -> int:
    """Walk each way and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=WAYS)
    parser.add_argument("--before", default=BEFORE)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="walk-") as name:
        walks = walk(chosen.ways, chosen.before, chosen.studies, Path(name))
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load average {load:.1f}")
    figures = {
        way: {"seconds": [round(s, 2) for s in each.seconds], "actions": each.actions}
        for way, each in walks.items()
    }
    medians = {way: round(statistics.median(each.seconds), 2) for way, each in walks.items()}
    print("RESULT " + json.dumps({"load_average": round(load, 1), "median": medians, **figures}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
