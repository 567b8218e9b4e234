"""Converted networks come from the cache only where they are what was put there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from models.runtime.cache import NetworkCache
from models.runtime.openvino_cpu import NetworkFile

SOURCE = {"sha256": "ab", "detector": {"widths": [1, 2]}}
NETWORKS = {"first": NetworkFile(b"<net/>", b"1234"), "outline": NetworkFile(b"onnx")}


class Builder:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, NetworkFile]:
        self.times += 1
        return NETWORKS


@pytest.fixture
def build() -> Builder:
    return Builder()


@pytest.fixture
def cache(tmp_path: Path, build: Builder) -> NetworkCache:
    cache = NetworkCache(tmp_path / "networks")
    assert cache.get(SOURCE, build) == NETWORKS
    return cache


def only_entry(cache: NetworkCache) -> Path:
    (entry,) = cache.folder.iterdir()
    return entry


def test_what_was_converted_is_not_converted_again(cache: NetworkCache, build: Builder) -> None:
    assert cache.get(SOURCE, build) == NETWORKS
    assert build.times == 1


def test_other_weights_are_converted(cache: NetworkCache, build: Builder) -> None:
    cache.get({**SOURCE, "sha256": "cd"}, build)
    assert build.times == 2


def cut(entry: Path) -> None:
    weights = entry / "first.bin"
    weights.write_bytes(weights.read_bytes()[:-1])


def changed(entry: Path) -> None:
    (entry / "first.xml").write_bytes(b"<ten/>")


def lost(entry: Path) -> None:
    (entry / "first.bin").unlink()


def half_a_manifest(entry: Path) -> None:
    manifest = entry / "manifest.json"
    manifest.write_text(manifest.read_text()[:20])


def no_manifest_at_all(entry: Path) -> None:
    (entry / "manifest.json").write_text("[]")


def open_to_others(entry: Path) -> None:
    entry.chmod(0o777)


@pytest.mark.parametrize(
    "damage", [cut, changed, lost, half_a_manifest, no_manifest_at_all, open_to_others]
)
def test_a_damaged_entry_is_made_anew(
    damage: Callable[[Path], None], cache: NetworkCache, build: Builder
) -> None:
    damage(only_entry(cache))
    assert cache.get(SOURCE, build) == NETWORKS
    assert build.times == 2
    assert cache.get(SOURCE, build) == NETWORKS
    assert build.times == 2


def test_a_manifest_leads_nowhere_else(cache: NetworkCache, build: Builder) -> None:
    secret = cache.folder.parent / "secret.xml"
    secret.write_bytes(b"<net/>")
    entry = only_entry(cache)
    manifest = entry / "manifest.json"
    (entry / "first.xml").unlink()
    manifest.write_text(manifest.read_text().replace("first.xml", "../../secret.xml"))
    cache.get(SOURCE, build)
    assert build.times == 2


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path, build: Builder) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = NetworkCache(tmp_path / "file" / "networks")
    assert cache.get(SOURCE, build) == NETWORKS
    assert cache.get(SOURCE, build) == NETWORKS
    assert build.times == 2


def test_the_entries_used_longest_ago_go(cache: NetworkCache, build: Builder) -> None:
    oldest = only_entry(cache)
    os.utime(oldest, (0, 0))
    for number in range(6):
        cache.get({**SOURCE, "sha256": str(number)}, build)
    assert not oldest.exists()
    assert len(list(cache.folder.iterdir())) == 6
