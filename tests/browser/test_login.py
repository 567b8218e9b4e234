"""Login against a real OpenID Connect provider that runs in this test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from medical.store.database import open_store, sqlite_url
from medical.store.results import import_result
from tests.app.web.made_results import made_findings, made_volume, write_made_result
from tests.browser.login import ANNA, BOSS, EVE, log_out, logged_in, serving_with_login
from tests.browser.page import reading_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with login and one study; Anna may read, the boss administrates.

    One for all tests here: each logs in with cookies of its own, and starting it takes seconds.
    """
    folder = tmp_path_factory.mktemp("login")
    volume = made_volume(shape=(40, 60, 60))
    write_made_result(folder / "out", volume)
    store = open_store(sqlite_url(folder / "work" / "store.sqlite"))
    import_result(store, folder / "out", [made_findings(volume)], actor="t")
    store.close()
    with serving_with_login(folder, readers=[ANNA], administrators=[BOSS]) as served:
        yield served


def test_before_login_there_is_nothing_to_see(browser: Any, address: str) -> None:
    with reading_page(browser, address) as page:
        page.open()
        page.expect_text("Log in to read studies.")
        page.picture("login")
        assert "CT-" not in page.text()


def test_a_reader_reads_under_their_own_name_and_does_not_administrate(
    browser: Any, address: str
) -> None:
    with logged_in(browser, address, ANNA) as page:
        page.expect_text(f"Logged in as {ANNA}")
        for owners in ("Audit trail", "Model", "Drift", "Retraining"):
            assert page.sidebar().get_by_role("link", name=owners, exact=True).count() == 0
        assert page.tab.get_by_text("Folder", exact=True).count() == 0
        page.open_study()
        page.press("Accept 1")
        page.expect_text("1 of 3 reviewed")
        page.tab.locator('tr[data-finding="1"]').get_by_text(ANNA).wait_for()


def test_an_address_of_an_owner_s_page_shows_a_reader_nothing_of_it(
    browser: Any, address: str
) -> None:
    with logged_in(browser, address, ANNA) as page:
        page.tab.goto(f"{address}/model")
        page.expect_text(f"Logged in as {ANNA}")
        page.settle()
        assert "SHA-256" not in page.text()


def test_an_administrator_sees_the_trail(browser: Any, address: str) -> None:
    with logged_in(browser, address, BOSS) as page:
        page.expect_text("administrator")
        page.sidebar().get_by_role("link", name="Model", exact=True).wait_for()
        page.tab.get_by_role("link", name="Audit trail").click()
        page.tab.get_by_role("button", name="Verify audit trail").click()
        page.expect_text("entries, intact. Last hash:")


def test_somebody_not_on_the_list_is_turned_away(browser: Any, address: str) -> None:
    with logged_in(browser, address, EVE) as page:
        page.expect_text("This account may not read studies here.")
        assert "CT-" not in page.text()


def test_an_address_of_images_dies_with_the_login(browser: Any, address: str) -> None:
    with logged_in(browser, address, ANNA) as page, reading_page(browser, address) as other:
        asked: list[str] = []
        page.tab.on("request", lambda request: asked.append(request.url))
        page.open_study()
        (volume,) = [url for url in asked if "/starlung/volumes/" in url]
        assert page.tab.request.get(volume).status == 200
        other.open()
        assert other.tab.request.get(volume).status == 403  # another browser
        log_out(page)
        page.expect_text("Log in to read studies.")
        assert page.tab.request.get(volume).status == 403


def test_logging_out_in_one_tab_ends_the_others(browser: Any, address: str) -> None:
    with logged_in(browser, address, ANNA) as page:
        page.open_study()
        other = page.tab.context.new_page()
        other.goto(page.tab.url)
        other.get_by_role("button", name="Log out").wait_for()
        other.wait_for_selector(".viewer[data-state=ready]")
        log_out(page)
        page.expect_text("Log in to read studies.")
        other.get_by_text("Log in to read studies.").wait_for()  # without a click in that tab
        assert other.locator(".viewer").count() == 0
        assert other.get_by_role("link", name="PDF").count() == 0


def test_an_address_of_a_report_is_good_in_its_own_browser_only(browser: Any, address: str) -> None:
    with logged_in(browser, address, ANNA) as page, logged_in(browser, address, BOSS) as other:
        page.open_study()
        link = page.sidebar().get_by_role("link", name="CSV", exact=True)
        report = f"{address}{link.get_attribute('href')}"
        assert page.tab.request.get(report).text().lstrip("\ufeff").startswith("study,")
        assert other.tab.request.get(report).status == 403
        log_out(page)
        page.expect_text("Log in to read studies.")
        assert page.tab.request.get(report).status == 403
