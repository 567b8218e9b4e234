"""Hostile and mistaken uploads: each a sentence on the worklist, and the others go on."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.page import ReadingPage, reading_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def zip_bomb(path: Path) -> Path:
    """Some kilobytes that say they are 10 GB of zeros; the checksums are never reached."""
    megabytes = 10
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("bomb.dcm", bytes(megabytes << 20))
    content = path.read_bytes()
    size = (megabytes << 20).to_bytes(4, "little")
    claimed = (3_000_000_000).to_bytes(4, "little")
    # The same entry four times in the central directory, each claiming 3 GB.
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry = content[start:end].replace(size, claimed)
    entries = b"".join(entry.replace(b"bomb.dcm", f"bom{n}.dcm".encode()) for n in range(4))
    tail = bytearray(content[end:])
    tail[8:10] = tail[10:12] = (4).to_bytes(2, "little")
    tail[12:16] = len(entries).to_bytes(4, "little")
    path.write_bytes(content[:start] + entries + tail)
    return path


def zip_that_climbs(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("../../climbed.dcm", b"out of the folder")
    return path


def text_as_dicom(path: Path) -> Path:
    path.write_text("Dear colleague, please find the CT enclosed.")
    return path


def upload(page: ReadingPage, file: Path) -> None:
    """Upload and put in line, told by the button alone: Streamlit's own names change by version."""
    score = page.sidebar().get_by_role("button", name="Score", exact=True)

    def has_files() -> None:
        assert score.is_enabled()

    def is_empty() -> None:
        assert page.tab.locator('input[type="file"]').count() == 1  # the one before has gone
        assert score.is_disabled()

    page.tab.locator('input[type="file"]').set_input_files(file)
    page.eventually(has_files, seconds=60)
    page.press("Score")
    page.eventually(is_empty, seconds=60)  # the study is in line


def test_each_bad_upload_fails_with_a_sentence(
    browser: Any, serve: Callable[..., str], tmp_path: Path
) -> None:
    address = serve(serve_worker="true")
    with reading_page(browser, address) as page:
        page.open()
        page.tab.get_by_text("Upload", exact=True).first.click()
        upload(page, zip_bomb(tmp_path / "Muster_Hans.zip"))
        upload(page, zip_that_climbs(tmp_path / "climbs.zip"))
        upload(page, text_as_dicom(tmp_path / "letter.dcm"))
        for sentence in (
            "the zip unpacks to more than 8 GiB. Unpack it yourself and give the folder",
            "1 entry of the zip points outside of it and was not unpacked",
            "not a DICOM file or volume, whatever its name says",
        ):
            page.tab.get_by_text(sentence).first.wait_for(timeout=240_000)
        assert page.tab.locator(".starlung-state.failed").count() == 3
        assert "Muster" not in page.text()
        assert "Traceback" not in page.text()
        page.picture("worklist-failed")
        assert page.strangers == []
    assert not list(tmp_path.rglob("climbed.dcm"))


def test_more_than_may_be_uploaded_is_refused_before_it_is_sent(
    browser: Any, serve: Callable[..., str], tmp_path: Path
) -> None:
    large = tmp_path / "ct.zip"
    with large.open("wb") as file:
        file.truncate(3_000_000_000)  # sparse: it takes no room
    with reading_page(browser, serve()) as page:
        page.open()
        page.tab.get_by_text("Upload", exact=True).first.click()
        page.tab.locator('input[type="file"]').set_input_files(large)
        page.tab.get_by_text("File must be 2.0GB or smaller").first.wait_for(timeout=60_000)
        assert page.sidebar().get_by_role("button", name="Score").is_disabled()
