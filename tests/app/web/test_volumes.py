from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from starlette.applications import Starlette

from app.web.routes.volumes import VolumeStore
from app.web.security.browsers import COOKIE, holder
from app.web.security.secrets import AddressTokens
from tests.app.web.asgi import Client

ANNA = holder({COOKIE: "anna's key"})


class Clock:
    now = 1e6

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> VolumeStore:
    return VolumeStore(AddressTokens(life_seconds=60, clock=clock))


@pytest.fixture
def client(store: VolumeStore) -> Client:
    return Client(Starlette(routes=[store.route()]))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ct.nii.gz"
    path.write_bytes(gzip.compress(b"voxels"))
    return path


def test_serves_compressed_and_private(store: VolumeStore, client: Client, file: Path) -> None:
    response = client.get(store.url(file, holder=ANNA))
    assert response.status_code == 200
    assert gzip.decompress(response.content) == b"voxels"
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["cache-control"].startswith("private, max-age=")


def test_sends_nothing_again(store: VolumeStore, client: Client, file: Path) -> None:
    etag = client.get(store.url(file, holder=ANNA)).headers["etag"]
    again = client.get(store.url(file, holder=ANNA), headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again.content == b""


def test_forged_is_forbidden(store: VolumeStore, client: Client, file: Path) -> None:
    url = store.url(file, holder=ANNA)
    assert client.get(url.replace("/ct.nii", "x/ct.nii")).status_code == 403


def test_expired_is_forbidden(store: VolumeStore, client: Client, file: Path, clock: Clock) -> None:
    url = store.url(file, holder=ANNA)
    clock.now += 121
    assert client.get(url).status_code == 403


def test_a_file_that_has_gone_is_not_found(store: VolumeStore, client: Client, file: Path) -> None:
    url = store.url(file, holder=ANNA)
    file.unlink()
    assert client.get(url).status_code == 404


def test_the_address_names_no_path(store: VolumeStore, file: Path) -> None:
    assert file.parent.name not in store.url(file, holder=ANNA)


def test_another_browser_is_forbidden(store: VolumeStore, client: Client, file: Path) -> None:
    url = store.url(file, holder=ANNA)
    assert client.get(url, headers={"Cookie": f"{COOKIE}=another key"}).status_code == 403
    assert client.get(url, headers={"Cookie": ""}).status_code == 403


def test_behind_a_login_browsers_must_ask_again(clock: Clock, file: Path) -> None:
    store = VolumeStore(AddressTokens(life_seconds=60, clock=clock), revalidate=True)
    client = Client(Starlette(routes=[store.route()]))
    response = client.get(store.url(file, holder=ANNA))
    assert response.headers["cache-control"] == "private, max-age=0"
