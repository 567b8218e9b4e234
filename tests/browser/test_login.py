"""Login against a real OpenID Connect provider that runs in this test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from medical.store.database import open_store, sqlite_url
from medical.store.results import adopt
from tests.app.web.made_results import made_findings, made_volume, write_made_result
from tests.browser.conftest import free_port, serving
from tests.browser.page import ReadingPage, reading_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ANNA, BOSS, EVE = "anna@ct.example", "boss@ct.example", "eve@ct.example"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with login and one study; Anna may read, the boss administrates.

    One for all tests here: each logs in with cookies of its own, and starting it takes seconds.
    """
    provider = pytest.importorskip("oidc_provider_mock", reason="needs `oidc-provider-mock`")
    folder = tmp_path_factory.mktemp("login")
    volume = made_volume(shape=(40, 60, 60))
    write_made_result(folder / "out", volume)
    store = open_store(sqlite_url(folder / "work" / "store.sqlite"))
    adopt(store, folder / "out", [made_findings(volume)], actor="t")
    store.close()
    users = [
        provider.User(sub=one.partition("@")[0], claims={"email": one}) for one in (ANNA, BOSS, EVE)
    ]
    port = free_port()
    with provider.run_server_in_thread(user_claims=users) as running:
        issuer = f"http://localhost:{running.server_port}"
        with serving(
            folder,
            port=port,
            login_metadata_url=f"{issuer}/.well-known/openid-configuration",
            login_client_id="starlung",
            login_client_secret="secret",
            login_redirect_url=f"http://127.0.0.1:{port}/oauth2callback",
            readers=f'["{ANNA}"]',
            administrators=f'["{BOSS}"]',
        ) as served:
            yield served


@contextmanager
def logged_in(browser: Any, address: str, who: str) -> Iterator[ReadingPage]:
    with reading_page(browser, address) as page:
        page.open()
        page.tab.get_by_role("button", name="Log in").click()
        page.tab.get_by_role("textbox").first.fill(who.partition("@")[0])
        page.tab.get_by_role("button", name="Authorize").first.click()
        page.tab.get_by_role("button", name="Log out").wait_for()
        yield page


def log_out(page: ReadingPage) -> None:
    """Streamlit ends the provider's session too; this provider asks whether that is meant."""
    page.press("Log out")
    page.tab.get_by_role("button", name="End session").click()


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
        assert page.tab.get_by_text("Audit trail").count() == 0
        assert page.tab.get_by_text("Folder", exact=True).count() == 0
        page.open_study()
        page.press("Accept 1")
        page.expect_text("1 decided")
        page.tab.locator('tr[data-finding="1"]').get_by_text(ANNA).wait_for()


def test_an_administrator_sees_the_trail(browser: Any, address: str) -> None:
    with logged_in(browser, address, BOSS) as page:
        page.expect_text("administrator")
        page.tab.get_by_role("link", name="Audit trail").click()
        page.tab.get_by_role("button", name="Check the chain").click()
        page.expect_text("entries, whole. Last hash:")


def test_somebody_not_on_the_list_is_turned_away(browser: Any, address: str) -> None:
    with logged_in(browser, address, EVE) as page:
        page.expect_text("This login may not read here.")
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
