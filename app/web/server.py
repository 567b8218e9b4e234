"""The web server: Streamlit's pages, our routes for volumes and the viewer, and the worker."""

from __future__ import annotations

import gc
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import streamlit as st
from starlette.middleware import Middleware
from starlette.types import Receive, Scope, Send

import app.web.navigation  # noqa: F401  (loads the pages, before the collector is told to spare them)

# Streamlit puts the folder of the started program first on the path; started as `-m app.cli.main`,
# a later `import models` would find app/cli/models.py. The package is loaded before that.
import models  # noqa: F401
from app.settings import Settings
from app.web.components.viewer.assets import frontend_route
from app.web.context import start_context
from app.web.failures import show_failure
from app.web.security.browsers import BrowserKeys
from app.web.security.guard import Guard
from app.web.theme import streamlit_options
from app.worker_process import ScoringProcess
from medical.errors import InputError
from medical.i18n.messages import message

_REMEDY = message("Install starlung[login]")


def create_app(settings: Settings, *, open_path: Path | None = None) -> st.App:
    """Create the ASGI application of the reading room.

    Raises:
        InputError: the store cannot be opened, or packages for the login are missing.
    """
    if settings.login_configured and not _can_log_in():
        raise InputError("login", message("needs the packages Authlib and httpx"), _REMEDY)
    shared = start_context(settings, open_path=open_path)

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[None]:
        workers = [ScoringProcess(settings, for_readers=True)]
        if settings.serve_worker:
            workers.append(ScoringProcess(settings))
        for worker in workers:
            worker.start()
        _spare_the_collector()
        yield
        for worker in workers:
            worker.stop()

    address = urlsplit(settings.login_redirect_url or "")
    return _Guarded(
        Path(__file__).with_name("main.py"),
        secrets=login_secrets(settings),
        lifespan=lifespan,
        routes=[part.route() for part in (shared.volumes, shared.changes, shared.reports)]
        + [frontend_route()],
        middleware=[
            Middleware(BrowserKeys, https_only=address.scheme == "https", ended=shared.logins.end)
        ],
        on_script_error=show_failure,
    ).behind(
        hosts=settings.hosts(),
        origin=f"{address.scheme}://{address.netloc}" if address.netloc else "",
        logged_in=shared.logins.is_open if settings.login_configured else None,
    )


class _Guarded(st.App):  # type: ignore[misc]
    """Streamlit's application with our guard before all that it answers, also before errors."""

    def behind(self, **guarded_by: Any) -> Self:
        """Put the guard there; its options are `app.web.security.guard.Guard`'s."""
        self._guard = Guard(super().__call__, **guarded_by)
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._guard(scope, receive, send)


def login_secrets(settings: Settings) -> dict[str, Any]:
    """Return what Streamlit's login needs to know; nothing without login."""
    if not settings.login_configured or settings.login_client_secret is None:
        return {}
    given = settings.cookie_secret
    return {
        "auth": {
            "redirect_uri": settings.login_redirect_url,
            "cookie_secret": given.get_secret_value() if given else secrets.token_hex(32),
            "client_id": settings.login_client_id,
            "client_secret": settings.login_client_secret.get_secret_value(),
            "server_metadata_url": settings.login_metadata_url,
        }
    }


def run(settings: Settings, *, open_path: Path | None = None) -> None:
    """Serve until interrupted (Streamlit's own uvicorn runner, so that its options apply).

    Raises:
        OSError: the port is taken.
        InputError: the store cannot be opened.
    """
    with socket.socket(_family(settings.host), socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((settings.host, settings.port))
    create_app(settings, open_path=open_path).run(config=streamlit_options(settings))


def _spare_the_collector() -> None:
    """Take what is loaded by now out of Python's garbage collection.

    Streamlit collects all generations after every rerun, also a fragment's: with torch and the
    pages loaded that is a tenth of a second for each look at the worklist. Modules never become
    garbage.
    """
    gc.collect()
    gc.freeze()


def _can_log_in() -> bool:
    return all(find_spec(name) is not None for name in ("authlib", "httpx"))


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
