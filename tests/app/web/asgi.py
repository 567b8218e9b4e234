"""Ask an ASGI application without a network (Starlette's own client needs httpx)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette

from app.web.security.browsers import COOKIE


@dataclass
class Answer:
    status_code: int
    headers: dict[str, str]
    content: bytes


class Client:
    """One request at a time, from Anna's browser."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        sent: list[dict[str, Any]] = []
        headers = {"Cookie": f"{COOKIE}=anna's key", **(headers or {})}
        pairs = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
        scope = {"type": "http", "method": "GET", "path": path, "headers": pairs}
        scope |= {"query_string": b"", "root_path": "", "http_version": "1.1"}

        asked = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if asked.is_set():  # the client stays and says nothing more
                await asyncio.Future()
            asked.set()
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(self._app(scope, receive, send))
        by_name = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return Answer(sent[0]["status"], by_name, b"".join(m.get("body", b"") for m in sent[1:]))
