"""A result carries the site's signature, and nobody else can make it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from app.web.security.secrets import patient_secret, result_key
from medical.results.folder import ResultFolder
from medical.results.signature import folder_digest
from tests.medical.store.made import made_series

KEY = b"k" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "1.2.3"
    place.mkdir()
    (place / "predictions.csv").write_text("seriesuid\n")
    (place / "acquisition.json").write_text("{}\n")
    ResultFolder(place).write_findings(made_series(), key=KEY)
    return place


def signed(folder: Path, *, key: bytes) -> str:
    return ResultFolder(folder).whose_signature(key)


def test_what_this_site_scored_is_signed_here(folder: Path) -> None:
    assert signed(folder, key=KEY) == "here"
    shutil.copytree(folder, folder.with_name("moved"))
    assert signed(folder.with_name("moved"), key=KEY) == "here"


def test_images_and_maps_that_come_later_do_not_matter(folder: Path) -> None:
    (folder / "heatmap-1.nii.gz").write_bytes(b"x")
    assert signed(folder, key=KEY) == "here"


@pytest.mark.parametrize("name", ["findings.json", "predictions.csv", "acquisition.json"])
def test_a_change_afterwards_is_seen(name: str, folder: Path) -> None:
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    assert signed(folder, key=KEY) == "broken"
    (folder / name).unlink()
    assert signed(folder, key=KEY) == "broken"


def test_a_file_that_was_not_there_is_seen(folder: Path) -> None:
    (folder / "acquisition.json").unlink()
    ResultFolder(folder).write_findings(made_series(), key=KEY)
    assert signed(folder, key=KEY) == "here"
    (folder / "acquisition.json").write_text("{}")
    assert signed(folder, key=KEY) == "broken"


def test_another_site_s_signature_does_not_hold_here(folder: Path) -> None:
    assert signed(folder, key=b"x" * 32) == "not"


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '{"files": [], "hmac": ""}', '{"files": {}, "hmac": null}', "\xff"],
)
def test_rubbish_is_no_signature(text: str, folder: Path) -> None:
    (folder / "signature.json").write_text(text)
    assert signed(folder, key=KEY) == "not"


def test_digests_without_the_key_are_no_signature(folder: Path) -> None:
    record = json.loads((folder / "signature.json").read_text())
    record["files"]["findings.json"] = "0" * 64
    (folder / "signature.json").write_text(json.dumps(record))
    assert signed(folder, key=KEY) == "not"


def test_the_keys_of_a_site_are_two_and_its_own(tmp_path: Path) -> None:
    keys = {patient_secret(tmp_path), result_key(tmp_path), result_key(tmp_path / "another")}
    assert len(keys) == 3
    assert result_key(tmp_path) in keys
    assert (tmp_path / "results.key").stat().st_mode & 0o777 == 0o600


def test_the_digest_of_a_folder_knows_names_and_contents(folder: Path) -> None:
    seen = {folder_digest(folder)}
    (folder / "findings.json").write_text("{}")
    seen.add(folder_digest(folder))
    (folder / "findings.json").rename(folder / "findings2.json")
    seen.add(folder_digest(folder))
    assert len(seen) == 3
