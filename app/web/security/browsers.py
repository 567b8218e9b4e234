"""A random key in a cookie for each browser and login, and which of these logins have ended.

Addresses of volumes and reports are bound to the key: whoever learns an address cannot use it from
another browser, and logging in or out makes a new key, so that addresses of the login before are
worthless.

A login lives in a cookie that Streamlit signs, and an open tab keeps what it was opened with. So
that logging out in one tab ends all of them, the key of the browser is noted as ended: no tab that
was opened with it, and no address that was made for it, is good any more.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from threading import Lock

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "starlung_browser"
_LOGOUT = "/auth/logout"
_NEW_KEY_AFTER = (_LOGOUT, "/oauth2callback")


def holder(cookies: dict[str, str]) -> str:
    """Return what binds addresses to the browser with these cookies; empty without a key."""
    key = cookies.get(COOKIE, "")
    return hashlib.sha256(key.encode()).hexdigest()[:32] if key else ""


class BrowserKeys:
    """ASGI middleware that gives each browser its key.

    Args:
        app: what it wraps.
        https_only: send the cookie over HTTPS only.
        ended: told the holder whose login ends.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        https_only: bool = False,
        ended: Callable[[str], None] | None = None,
    ) -> None:
        self._app = app
        self._https_only = https_only
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, with a key where the browser has none or must change it."""
        if scope["type"] != "http" or not self._needs_key(scope):
            await self._app(scope, receive, send)
            return

        if self._ended is not None and scope["path"].endswith(_LOGOUT):
            self._ended(holder(cookies_of(scope)))

        async def send_with_key(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", self._cookie())
            await send(message)

        await self._app(scope, receive, send_with_key)

    def _needs_key(self, scope: Scope) -> bool:
        path = scope["path"]
        if path.endswith(_NEW_KEY_AFTER):
            return True
        wants_page = "text/html" in Headers(scope=scope).get("accept", "")
        return wants_page and COOKIE not in cookies_of(scope)

    def _cookie(self) -> str:
        secure = "; Secure" if self._https_only else ""
        return f"{COOKIE}={secrets.token_urlsafe(32)}; Path=/; HttpOnly; SameSite=Lax{secure}"


def cookies_of(scope: Scope) -> dict[str, str]:
    """Names and values, read as the routes read them."""
    return HTTPConnection(scope).cookies


class Logins:
    """Browsers by their holder, see `browser_key.holder`; forgotten with the process.

    After a start anew nothing is open, and a browser that has logged out has no login to send.
    """

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._ended: set[str] = set()
        self._turn = Lock()

    def begin(self, holder: str) -> bool:
        """Note that a page was drawn for a login; ``False`` when that browser has logged out."""
        with self._turn:
            if not holder or holder in self._ended:
                return False
            self._open.add(holder)
            return True

    def end(self, holder: str) -> None:
        """Note that this browser has logged out."""
        with self._turn:
            self._open.discard(holder)
            if holder:
                self._ended.add(holder)

    def is_open(self, holder: str) -> bool:
        """Whether a page was drawn for a login of this browser that has not ended."""
        with self._turn:
            return holder in self._open
