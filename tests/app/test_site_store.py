"""The site's store gives its trail a key, once, and closes off what had none."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings
from app.site_store import KEY_FILE, open_site_store
from medical.errors import InputError
from medical.store.audit import newest, verify
from medical.store.database import open_store
from medical.store.queue import enqueue


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(work_dir=tmp_path / "work")


def test_the_key_is_made_once_and_for_its_owner_only(settings: Settings) -> None:
    first = open_site_store(settings)
    enqueue(first, Path("ct"), root=Path("r"), actor="anna")
    first.close()
    second = open_site_store(settings)
    assert second.audit_key == first.audit_key
    assert (settings.work_dir / KEY_FILE).stat().st_mode & 0o077 == 0
    enqueue(second, Path("ct"), root=Path("r"), actor="anna")
    verification = verify(second)
    assert (verification.entries, verification.problem, verification.without_key) == (2, "", 0)
    second.close()


def test_a_trail_of_an_earlier_version_is_closed_off_by_an_entry(settings: Settings) -> None:
    plain = open_store(settings.address_of_store())
    for _ in range(2):
        enqueue(plain, Path("ct"), root=Path("r"), actor="anna")
    plain.close()
    store = open_site_store(settings)
    (closing, *_) = newest(store, 10)
    assert (closing.number, closing.action) == (3, "key")
    assert (verify(store).problem, verify(store).without_key) == ("", 2)
    store.close()


def test_a_damaged_key_is_said(settings: Settings) -> None:
    open_site_store(settings).close()
    (settings.work_dir / KEY_FILE).write_bytes(b"\xff?")
    with pytest.raises(InputError, match=r"audit\.key"):
        open_site_store(settings)
