"""The web server: Streamlit's pages and our routes for volumes and the viewer's bundle."""

from __future__ import annotations

import socket
from pathlib import Path

import streamlit as st

from app.settings import Settings
from app.web.components.viewer.assets import frontend_route
from app.web.context import start_context
from app.web.failures import show_failure
from app.web.theme import streamlit_options


def create_app(settings: Settings, *, open_path: Path | None = None) -> st.App:
    """The ASGI application of the reading page."""
    shared = start_context(settings, open_path=open_path)
    return st.App(
        Path(__file__).with_name("main.py"),
        routes=[shared.volumes.route(), frontend_route()],
        on_script_error=show_failure,
    )


def run(settings: Settings, *, open_path: Path | None = None) -> None:
    """Serve until interrupted (Streamlit's own uvicorn runner, so that its options apply).

    Raises:
        OSError: the port is taken.
    """
    with socket.socket(_family(settings.host), socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((settings.host, settings.port))
    create_app(settings, open_path=open_path).run(config=streamlit_options(settings))


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
