"""Who may talk to the server at all, asked over real sockets of the real application."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.web.routes.volumes import ROUTE as VOLUMES
from app.web.security.browsers import COOKIE, holder
from app.web.security.guard import Guard
from tests.app.web.asgi import Client
from tests.browser.conftest import free_port

ROOT = Path(__file__).parents[3]
NOTES = """
import json, sys
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        with open({log!r}, "a") as log:
            place = arguments[1:] if event == "socket.connect" else arguments
            log.write(json.dumps([event, repr(place)]) + "\\n")
sys.addaudithook(note)
from app.cli.main import main
main()
"""


@dataclass(frozen=True)
class Server:
    port: int
    calls: Path

    def ask(self, *lines: str, path: str = "/", method: str = "GET") -> tuple[int, dict[str, str]]:
        """Status and headers of an answer to exactly these header lines."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as line:
            head = [f"{method} {path} HTTP/1.1", *lines, "Connection: close", "", ""]
            line.sendall("\r\n".join(head).encode("latin-1"))
            answer = b""
            while b"\r\n\r\n" not in answer and (part := line.recv(65536)):
                answer += part
        first, *rest = answer.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        pairs = (header.split(": ", 1) for header in rest)
        return int(first.split()[1]), {name.lower(): value for name, value in pairs}

    def open_socket(self, *lines: str) -> int:
        key = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
        key += ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: streamlit")
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as line:
            head = ["GET /_stcore/stream HTTP/1.1", *lines, *key, "", ""]
            line.sendall("\r\n".join(head).encode("latin-1"))
            return int(line.recv(65536).split()[1])

    @property
    def own(self) -> tuple[str, str]:
        return f"Host: 127.0.0.1:{self.port}", f"Origin: http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, port = tmp_path_factory.mktemp("guard"), free_port()
    calls = folder / "calls.txt"
    hostile = {"STREAMLIT_SERVER_ENABLE_CORS": "false", "STREAMLIT_SERVER_ALLOWED_HOSTS": "*"}
    hostile["STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION"] = "false"
    given = {"STARLUNG_WORK_DIR": str(folder / "work"), "STARLUNG_SERVE_WORKER": "false"}
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", NOTES.format(log=str(calls)), "serve", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | hostile | given,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    served = Server(port, calls)
    try:
        for _ in range(600):
            try:
                if served.ask(served.own[0], path="/_stcore/health")[0] == 200:
                    break
            except OSError:
                time.sleep(0.2)
        yield served
    finally:
        process.terminate()
        process.wait(timeout=30)


PATHS = ["/", "/reading", "/_stcore/health", "/_stcore/host-config", "/starlung/changes/x"]
PATHS += ["/_stcore/allowed-message-origins", "/no/such/page", "/starlung/volumes/x/ct.nii"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example",
        "127.0.0.1:{port}@evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1:{port}/evil",
        "127.0.0.1:99999",
        "2130706433:{port}",
        "0.0.0.0:{port}",
        "[::ffff:127.0.0.1]:{port}",
        "",
    ],
)
def test_another_name_gets_nothing(host: str, path: str, server: Server) -> None:
    status, headers = server.ask(f"Host: {host.format(port=server.port)}", path=path)
    assert status in (400, 403)
    assert "set-cookie" not in headers


def test_no_name_and_two_names_get_nothing(server: Server) -> None:
    assert server.ask()[0] in (400, 403)
    assert server.ask(server.own[0], "Host: evil.example")[0] in (400, 403)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "localhost."])
def test_this_machine_s_names_are_answered(name: str, server: Server) -> None:
    status, _ = server.ask(f"Host: {name}:{server.port}", "Accept: text/html")
    assert status == 200
    page = f"http://{name}:{server.port}"
    assert server.open_socket(f"Host: {name}:{server.port}", f"Origin: {page}") == 101


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://evil.example:{port}",
        "http://localhost:{port}",  # another name than the one that was asked for
        "http://127.0.0.1:9",
        "http://127.0.0.1",
        "http://0.0.0.0:{port}",
        "null",
        "file://",
        "",
        "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:{port}@evil.example",
        "ftp://127.0.0.1:{port}",
    ],
)
def test_another_page_opens_no_connection_and_reads_nothing(origin: str, server: Server) -> None:
    line = f"Origin: {origin.format(port=server.port)}"
    assert server.open_socket(server.own[0], line) == 403
    assert server.ask(server.own[0], line)[0] == 403
    assert server.ask(server.own[0], line, method="OPTIONS", path="/_stcore/health")[0] == 403


def test_a_rebound_name_opens_no_connection(server: Server) -> None:
    host = f"evil.example:{server.port}"
    assert server.open_socket(f"Host: {host}", f"Origin: http://{host}") == 403


def test_a_connection_needs_a_page(server: Server) -> None:
    assert server.open_socket(server.own[0]) == 403
    assert server.open_socket(*server.own) == 101


def test_nobody_outside_is_asked_for_our_address(server: Server) -> None:
    server.open_socket(server.own[0], "Origin: http://evil.example")
    server.ask(server.own[0], "Origin: http://evil.example", path="/_stcore/health")
    calls = server.calls.read_text().splitlines() if server.calls.exists() else []
    strange = [call for call in calls if "127.0.0.1" not in call and "localhost" not in call]
    assert not [
        call for call in strange if "AF_UNIX" not in call and "/" not in json.loads(call)[1]
    ]


@pytest.mark.parametrize(
    ("path", "method"),
    [*((path, "GET") for path in PATHS), ("/_stcore/upload_file/a/b", "PUT"), ("/x", "POST")],
)
def test_every_answer_carries_the_headers(path: str, method: str, server: Server) -> None:
    _, headers = server.ask(server.own[0], "Accept: text/html", path=path, method=method)
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-eval'" not in headers["content-security-policy"].replace("wasm-unsafe-eval", "")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert headers.get("access-control-allow-origin") is None


def test_a_refusal_carries_them_too(server: Server) -> None:
    _, headers = server.ask("Host: evil.example")
    assert headers["x-content-type-options"] == "nosniff"


def test_uploads_need_the_token_of_the_page_whatever_the_environment_says(server: Server) -> None:
    status, _ = server.ask(*server.own, path="/_stcore/upload_file/a/b", method="PUT")
    assert status == 403


async def answers(scope: object, receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"here"})  # type: ignore[operator]


@pytest.mark.parametrize(
    ("path", "open_to_all"),
    [
        (VOLUMES.format(token="x"), False),
        ("/starlung/changes/x", False),
        ("/starlung/reports/x/CT-report.pdf", False),
        ("/media/0123.pdf", False),
        ("//media/0123.pdf", False),
        ("/_stcore/upload_file/session/file", False),
        ("/starlung/viewer/x/viewer.js", True),
        ("/_stcore/health", True),
    ],
)
def test_before_login_nothing_of_a_patient_is_served(path: str, open_to_all: bool) -> None:
    own = {"Host": "ct.example"}
    logged_in = holder({COOKIE: "anna's key"})
    for known, expected in (((), 200 if open_to_all else 403), ((logged_in,), 200)):
        guard = Guard(answers, hosts=["ct.example"], logged_in=known.__contains__)
        assert Client(guard).get(path, own).status_code == expected  # type: ignore[arg-type]


def test_behind_a_proxy_the_registered_address_counts() -> None:
    guard = Guard(answers, hosts=["ct.example", "10.0.0.7"], origin="https://ct.example")
    client = Client(guard)  # type: ignore[arg-type]
    own = {"Host": "10.0.0.7:8501", "Origin": "https://ct.example"}
    answer = client.get("/", own)
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert client.get("/", own | {"Origin": "https://ct.example.evil"}).status_code == 403
