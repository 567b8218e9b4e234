"""A server with login against a real OpenID Connect provider on this machine, and its users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import free_port, serving
from tests.browser.page import ReadingPage, reading_page

ANNA, BO = "anna@ct.example", "bo@ct.example"
BOSS, EVE = "boss@ct.example", "eve@ct.example"


@contextmanager
def serving_with_login(
    folder: Path, *, readers: Sequence[str], administrators: Sequence[str], **settings: str
) -> Iterator[str]:
    """A server that these may use; the provider knows Eve too, whom nobody invited."""
    provider = pytest.importorskip("oidc_provider_mock", reason="needs `oidc-provider-mock`")
    users = [
        provider.User(
            sub=person.partition("@")[0], claims={"email": person, "email_verified": True}
        )
        for person in (*readers, *administrators, EVE)
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
            readers=_listed(readers),
            administrators=_listed(administrators),
            **settings,
        ) as served:
            yield served


@contextmanager
def logged_in(browser: Any, address: str, who: str) -> Iterator[ReadingPage]:
    """A tab of somebody who has logged in at the provider."""
    with reading_page(browser, address) as page:
        page.open()
        page.tab.get_by_role("button", name="Log in").click()
        page.tab.get_by_role("textbox").first.fill(who.partition("@")[0])
        page.tab.get_by_role("button", name="Authorize").first.click()
        page.tab.get_by_role("button", name="Log out").wait_for()
        # What the provider's own pages load and lack is not StarLung's.
        page.problems.clear()
        page.strangers.clear()
        yield page


def log_out(page: ReadingPage) -> None:
    """Streamlit ends the provider's session too; this provider asks whether that is meant."""
    page.press("Log out")
    page.tab.get_by_role("button", name="End session").click()


def _listed(addresses: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{address}"' for address in addresses) + "]"
