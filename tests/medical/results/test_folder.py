"""Which files of a result folder are known to be its own, and what is removed with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medical.errors import InputError
from medical.results.folder import ResultFolder
from medical.results.registration import KeptRegistration
from medical.results.search import is_own_result, result_folders
from tests.app.web.made_results import made_findings, made_volume, write_made_result


@pytest.fixture
def folder(tmp_path: Path) -> ResultFolder:
    """A result with images, one map and one registration."""
    write_made_result(tmp_path / "out", made_volume(shape=(20, 30, 30)))
    (written,) = result_folders(tmp_path / "out")
    written.map_file(1).write_bytes(b"map")
    written.write_registration(ResultFolder(tmp_path / "x"), KeptRegistration(failure="unlike"))
    return written


def test_its_images_and_maps_are_never_read_as_an_input(folder: ResultFolder) -> None:
    for path in (folder.images_file, folder.map_file(1), folder.parametric_map_file(2)):
        assert is_own_result(path)
        assert is_own_result(path.with_name(f".partial-0123abcd-{path.name}"))
    assert not is_own_result(folder.path / "ct.nii.gz")
    elsewhere = folder.path.parent / "heatmap-1.nii.gz"
    assert not is_own_result(elsewhere)  # there is no result beside it


def test_clearing_keeps_the_images_where_the_next_result_has_the_same(
    folder: ResultFolder,
) -> None:
    left_over = folder.path / ".partial-0123abcd-heatmap-1.nii.gz"
    left_over.write_bytes(b"of a process that was killed")
    folder.clear(images_too=False)
    assert folder.find_findings() is None
    assert folder.maps([1]) == {}
    assert not left_over.exists()
    assert folder.read_images() is not None
    folder.clear(images_too=True)
    assert folder.read_images() is None
    assert folder.read_registration(ResultFolder(folder.path.parents[1] / "x")) is None


def test_a_damaged_result_is_refused_with_its_file(folder: ResultFolder) -> None:
    folder.write_findings(made_findings(made_volume(shape=(20, 30, 30))))
    assert folder.find_findings() == folder.read_findings()
    next(folder.path.glob("findings.json")).write_text('{"quality": [{"code": 1}]}')
    assert folder.find_findings() is None
    with pytest.raises(InputError, match=r"findings\.json: is not a result"):
        folder.read_findings()


def test_a_quality_note_with_a_field_too_many_is_refused(folder: ResultFolder) -> None:
    file = next(folder.path.glob("findings.json"))
    text = file.read_text()
    assert '"severity"' in text
    file.write_text(text.replace('"severity"', '"more": 1, "severity"', 1))
    assert folder.find_findings() is None


def test_a_result_of_an_earlier_version_is_read(folder: ResultFolder) -> None:
    now = folder.read_findings()
    file = next(folder.path.glob("findings.json"))
    record = json.loads(file.read_text())
    record["passes"] = record.pop("samples")
    for later in ("program", "input", "searched"):
        del record[later]
    file.write_text(json.dumps(record))
    earlier = folder.read_findings()
    assert earlier.samples == now.samples
    assert earlier.program is earlier.input is earlier.searched is None
