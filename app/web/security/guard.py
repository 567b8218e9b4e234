"""Stands before everything that the server answers: who asked for which host, from which page.

A page of a stranger can make a browser on this machine talk to us, by a name of its own that it
lets point here (DNS rebinding) or from another port. So a request counts only when it names a host
that is ours, and comes from no other page than ours. Every answer carries the headers that keep
our pages out of others' frames and others' scripts out of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.security.browsers import cookies_of, holder

_HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]{1,5})?")
_BEHIND_LOGIN = re.compile(
    r"/+(_stcore/+upload_file|media|starlung/+(volumes|changes|reports))(/|$)"
)
_FOR_NOBODY = re.compile(r"/+_stcore/+(metrics|script-health-check|agent)(/|$)")
_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Streamlit's page starts with a script in itself and loads components from blobs
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' {socket} blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class Guard:
    """ASGI middleware, outside of all others.

    Args:
        app: what it stands before.
        hosts: names by which browsers may ask for us, without port.
        origin: scheme, host and port at which a proxy shows us; empty without one.
        logged_in: whether a browser, by its holder, has logged in; ``None`` without login.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        origin: str = "",
        logged_in: Callable[[str], bool] | None = None,
    ) -> None:
        self._app = app
        self._hosts = frozenset(name.lower() for name in hosts)
        self._origin = origin
        self._logged_in = logged_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        guarded = self._with_headers(send, headers.get("host", ""))
        if refusal is None:
            await self._app(scope, receive, guarded)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refusal})
        else:
            await PlainTextResponse(refusal, status_code=403)(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> str | None:
        """Why a request is not answered, for whoever looks into it; ``None`` when it is."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return "This server is not asked by that name; see the setting allowed_hosts."
        origins = headers.getlist("origin")
        if any(not self._is_same(origin, hosts[0]) for origin in origins):
            return "Another page may not ask this server."
        if scope["type"] == "websocket" and not origins:
            return "Only a page of this server may open a connection."
        if headers.get("sec-fetch-site") == "cross-site" and scope["method"] not in ("GET", "HEAD"):
            return "Another page may not ask this server."
        if _FOR_NOBODY.match(scope["path"]):
            return "This server does not tell that."
        behind = self._logged_in is not None and _BEHIND_LOGIN.match(scope["path"])
        if behind and self._logged_in and not self._logged_in(holder(cookies_of(scope))):
            return "Log in first."
        return None

    def _is_ours(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None or int((match["port"] or ":0")[1:]) > 65535:
            return False
        return match["name"].strip("[]").lower().removesuffix(".") in self._hosts

    def _is_same(self, origin: str, host: str) -> bool:
        if self._origin and origin == self._origin:
            return True
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and origin == f"{parts.scheme}://{host}"

    def _with_headers(self, send: Send, host: str) -> Send:
        socket = f"ws://{host} wss://{host}" if self._is_ours(host) else ""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers["Content-Security-Policy"] = _POLICY.format(socket=socket)
                if self._origin.startswith("https:"):
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                if "access-control-allow-origin" in headers:
                    del headers["access-control-allow-origin"]
            await send(message)

        return send_with_headers
