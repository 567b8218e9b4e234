"""Logging out ends every tab and every address of that browser."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.web.routes.reports import Reports
from app.web.security.browsers import COOKIE, BrowserKeys, Logins, holder
from app.web.security.guard import Guard
from app.web.security.secrets import AddressTokens
from medical.errors import InputError
from tests.app.web.asgi import Client

ANNA = holder({COOKIE: "anna"})
COOKIES = {"Cookie": f"{COOKIE}=anna", "Host": "ct.example"}


def test_a_login_begins_and_ends_with_its_key() -> None:
    logins = Logins()
    assert not logins.is_open(ANNA)
    assert logins.begin(ANNA)
    assert logins.is_open(ANNA)
    logins.end(ANNA)
    assert not logins.is_open(ANNA)
    assert not logins.begin(ANNA)  # another tab, opened with the same key
    assert logins.begin(holder({COOKIE: "anna's next key"}))


def test_without_a_key_nobody_is_logged_in() -> None:
    logins = Logins()
    assert not logins.begin("")
    logins.end("")
    assert not logins.is_open("")


def application(logins: Logins, reports: Reports) -> Client:
    async def said(_: Request) -> PlainTextResponse:
        return PlainTextResponse("out")

    inner = Starlette(
        routes=[reports.route(), Route("/auth/logout", said)],
        middleware=[Middleware(BrowserKeys, ended=logins.end)],
    )
    return Client(Guard(inner, hosts=["ct.example"], logged_in=logins.is_open))  # type: ignore[arg-type]


def test_a_report_is_for_the_browser_that_asked_and_dies_at_logout() -> None:
    logins, reports = Logins(), Reports(AddressTokens(life_seconds=60))
    client = application(logins, reports)
    url = reports.url("k", "CT-1-report.pdf", "application/pdf", lambda: b"%PDF", holder=ANNA)
    assert client.get(url, COOKIES).status_code == 403  # no page was drawn for this login
    logins.begin(ANNA)
    answer = client.get(url, COOKIES)
    assert (answer.status_code, answer.content) == (200, b"%PDF")
    assert answer.headers["content-disposition"] == 'attachment; filename="CT-1-report.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    logins.begin(holder({COOKIE: "bo"}))
    assert client.get(url, COOKIES | {"Cookie": f"{COOKIE}=bo"}).status_code == 403
    assert client.get("/auth/logout", COOKIES).status_code == 200
    assert client.get(url, COOKIES).status_code == 403


def test_a_token_of_one_report_opens_no_other() -> None:
    logins, reports = Logins(), Reports(AddressTokens(life_seconds=60))
    logins.begin(ANNA)
    client = application(logins, reports)
    first_url = reports.url("a", "a.txt", "text/plain", lambda: b"a", holder=ANNA)
    reports.url("b", "b.txt", "text/plain", lambda: b"b", holder=ANNA)
    assert client.get(first_url.replace("a.txt", "b.txt"), COOKIES).content == b"a"
    assert client.get(first_url.replace("reports/", "reports/x"), COOKIES).status_code == 403
    volumes = AddressTokens(life_seconds=60).issue(f"{ANNA}/b", holder=ANNA)
    assert client.get(f"/starlung/reports/{volumes}/b.txt", COOKIES).status_code == 403


def test_a_report_that_cannot_be_made_is_a_sentence_without_a_path() -> None:
    logins, reports = Logins(), Reports(AddressTokens(life_seconds=60))
    logins.begin(ANNA)

    def make() -> bytes:
        raise InputError(Path("/srv/private"), "are no longer here", "Score the study again")

    url = reports.url("k", "x.pdf", "application/pdf", make, holder=ANNA)
    answer = application(logins, reports).get(url, COOKIES)
    assert answer.status_code == 409
    assert b"/srv" not in answer.content
