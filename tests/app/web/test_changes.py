from __future__ import annotations

import pytest
from starlette.applications import Starlette

from app.web.routes import changes as module
from app.web.routes.changes import Changes
from app.web.security.browsers import COOKIE, holder
from app.web.security.secrets import AddressTokens
from tests.app.web.asgi import Client

ANNA = holder({COOKIE: "anna's key"})


@pytest.fixture
def changes() -> Changes:
    return Changes(AddressTokens(life_seconds=60))


@pytest.fixture
def client(changes: Changes) -> Client:
    return Client(Starlette(routes=[changes.route()]))


def test_answers_how_things_stand_now(changes: Changes, client: Client) -> None:
    states = ["one"]
    address = changes.url("list", lambda: states[0], holder=ANNA)
    assert client.get(address).content == b"one"
    states[0] = "two"
    answer = client.get(address)
    assert answer.content == b"two"
    assert answer.headers["cache-control"] == "no-store"


def test_another_browser_learns_nothing(changes: Changes, client: Client) -> None:
    address = changes.url("list", lambda: "secret", holder=holder({COOKIE: "berta's key"}))
    assert client.get(address).status_code == 403


def test_a_forged_address_is_forbidden(client: Client) -> None:
    assert client.get("/starlung/changes/forged").status_code == 403


def test_the_page_looked_at_longest_ago_makes_room(
    changes: Changes, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_ENTRIES", 2)
    first, second = (changes.url(name, lambda: "here", holder=ANNA) for name in ("a", "b"))
    changes.url("a", lambda: "here", holder=ANNA)
    changes.url("c", lambda: "here", holder=ANNA)
    assert client.get(first).status_code == 200
    assert client.get(second).status_code == 404
