"""Addresses by which others watch over a process: ``/health``, ``/ready`` and ``/metrics``.

They stand on a port of their own, apart from what readers see, and say nothing of any patient:
``/health`` that the process lives, ``/ready`` whether it can work (503 where it cannot), and
``/metrics`` figures for Prometheus.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from medical.metrics import REGISTRY

_SECONDS = 10.0


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    timeout = _SECONDS


class _SixServer(_Server):
    address_family = socket.AF_INET6


class _Silent(WSGIRequestHandler):
    timeout = _SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        """Log no request."""


def watch_over(host: str, port: int, *, is_ready: Callable[[], bool]) -> WSGIServer:
    """Answer on a port, in a thread of its own, until the process ends.

    Args:
        host: address to listen on.
        port: 0 takes any that is free.
        is_ready: whether the process can work.

    Raises:
        OSError: the address is taken.
    """
    metrics = make_wsgi_app(REGISTRY)

    def answer(environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environment.get("PATH_INFO", "")
        if path == "/metrics":
            return metrics(environment, start)  # type: ignore[no-any-return]
        if path not in ("/health", "/ready"):
            status, text = "404 Not Found", "not here"
        elif path == "/health" or is_ready():
            status, text = "200 OK", "ok"
        else:
            status, text = "503 Service Unavailable", "the store does not answer"
        start(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{text}\n".encode()]

    kind = _SixServer if ":" in host else _Server
    server = make_server(host, port, answer, server_class=kind, handler_class=_Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
