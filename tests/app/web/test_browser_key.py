from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send

from app.web.security.browsers import COOKIE, BrowserKeys, holder


def cookies_set(path: str, **headers: str) -> list[str]:
    """What one request is given, through the middleware."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "headers": pairs}
    asyncio.run(BrowserKeys(app)(scope, receive, send))
    return [value.decode() for name, value in sent[0]["headers"] if name == b"set-cookie"]


def test_a_page_gives_a_browser_its_key() -> None:
    (first,) = cookies_set("/", accept="text/html")
    (second,) = cookies_set("/", accept="text/html")
    assert "HttpOnly" in first
    assert first != second


def test_a_browser_that_has_one_keeps_it() -> None:
    assert cookies_set("/", accept="text/html", cookie=f"{COOKIE}=x") == []


def test_login_and_logout_make_a_new_one() -> None:
    for path in ("/auth/logout", "/oauth2callback"):
        assert len(cookies_set(path, cookie=f"{COOKIE}=x")) == 1


def test_addresses_carry_no_key_but_what_is_made_of_it() -> None:
    assert holder({COOKIE: "key"}) not in ("", "key")
    assert holder({}) == ""
