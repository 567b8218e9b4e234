"""The accessibility checker axe finds no serious fault on any page, in either language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from medical.store.database import open_store, sqlite_url
from medical.store.results import import_result
from tests.app.web.made_results import made_findings, made_volume, write_made_result
from tests.browser.conftest import serving
from tests.browser.page import ReadingPage, reading_page

pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")
PAGES = ("", "model", "drift", "retraining", "trail")


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadingPage]:
    folder = tmp_path_factory.mktemp("axe")
    volume = made_volume((40, 60, 60))
    write_made_result(folder / "out", volume)
    (folder / "work").mkdir()
    store = open_store(sqlite_url(folder / "work" / "store.sqlite"))
    import_result(store, folder / "out", [made_findings(volume)], actor="tester")
    store.close()
    with serving(folder) as address, reading_page(browser, address) as opened:
        yield opened


def faults(tab: Any) -> list[str]:
    """What axe finds: impact, rule and the first element of each."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    violations = axe.run(tab).response["violations"]
    return [
        f"{fault['impact']}: {fault['id']} {fault['nodes'][0]['html'][:200]}"
        for fault in violations
    ]


@pytest.mark.parametrize("language", ["English", "中文"])
@pytest.mark.parametrize("name", PAGES)
def test_no_serious_fault(
    page: ReadingPage, name: str, language: str, record_property: Any
) -> None:
    page.tab.goto(f"{page.address}/{name}")
    page.tab.get_by_text(language, exact=True).click()
    page.settle()
    assert page.tab.locator("h1.starlung-title").count() == 1
    listed = faults(page.tab)
    record_property("axe", listed)
    assert not [fault for fault in listed if fault.startswith(SERIOUS)]


@pytest.mark.parametrize(("language", "sign"), [("English", "Sign"), ("中文", "签署")])
def test_no_serious_fault_in_reading_and_signing(
    page: ReadingPage, language: str, sign: str
) -> None:
    page.open()
    page.tab.get_by_text(language, exact=True).click()
    page.open_study()
    page.settle()
    assert not [fault for fault in faults(page.tab) if fault.startswith(SERIOUS)]
    page.sidebar().get_by_role("button", name=sign, exact=False).last.click()
    page.tab.get_by_role("dialog").wait_for()
    assert not [fault for fault in faults(page.tab) if fault.startswith(SERIOUS)]


def test_a_page_of_its_own_when_the_server_is_gone(browser: Any, tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        context = browser.new_context()
        tab = context.new_page()
        tab.goto(address)
        tab.get_by_text("No studies yet: add the sample or upload a CT").wait_for(timeout=60_000)
        with tab.expect_response("**/starlung/changes/**", timeout=60_000):
            pass  # the page looks whether the server is there
    tab.get_by_role("alertdialog", name="The server cannot be reached").wait_for(timeout=60_000)
    context.close()
