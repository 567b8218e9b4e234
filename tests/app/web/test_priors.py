from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.web.images import ViewerImages, read_images
from app.web.priors import priors_of
from app.web.results import result_folders
from medical.store.tables import Study
from tests.app.web.made_pair import DAYS, write_made_pair


def study(key: str, folder: Path) -> Study:
    return Study(key=key, source="", folder=str(folder), status="ready", received_at=0.0)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_made_pair(tmp_path_factory.mktemp("pair"))


def images_at(folder: Path) -> ViewerImages:
    images = read_images(result_folders(folder)[0])
    assert images is not None
    return images


def test_an_earlier_ct_of_the_same_patient_is_offered(pair: tuple[Path, Path]) -> None:
    later, earlier = pair
    studies = [study("now", later), study("then", earlier)]
    (found,) = priors_of("now", images_at(later), studies)
    assert (found.study_key, found.same_patient, found.days) == ("then", True, DAYS)


def test_a_later_ct_is_not(pair: tuple[Path, Path]) -> None:
    later, earlier = pair
    assert priors_of("then", images_at(earlier), [study("now", later)]) == []


def test_another_patient_is_not(pair: tuple[Path, Path]) -> None:
    later, earlier = pair
    other = images_at(later).model_copy(update={"patient": "b" * 32})
    assert priors_of("now", other, [study("then", earlier)]) == []


def test_where_the_patient_is_not_known_others_are_offered_without_a_date(
    pair: tuple[Path, Path],
) -> None:
    later, earlier = pair
    unknown = images_at(later).model_copy(update={"patient": "", "acquired_on": ""})
    (found,) = priors_of("now", unknown, [study("then", earlier)])
    assert (found.same_patient, found.days) == (False, None)


def test_the_same_patient_comes_first(pair: tuple[Path, Path], tmp_path: Path) -> None:
    later, earlier = pair
    (unknown, _) = write_made_pair(tmp_path, patient_known=False)
    studies = [study("nobody", unknown), study("then", earlier)]
    found = priors_of("now", images_at(later), studies)
    assert [one.study_key for one in found] == ["then", "nobody"]


def test_without_images_there_is_nothing_to_compare(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    later, earlier = pair
    copy = tmp_path / "copy"
    shutil.copytree(earlier, copy)
    shutil.rmtree(result_folders(copy)[0] / "viewer")
    assert priors_of("now", images_at(later), [study("then", copy)]) == []
