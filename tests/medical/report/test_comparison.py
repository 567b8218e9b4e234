"""Earlier CTs are found in the store, however many studies there are."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from medical.report.earlier.comparison import Prior, priors_of
from medical.results.images import ViewerImages
from medical.results.search import result_folders
from medical.store.database import Store, open_store, sqlite_url
from medical.store.results import import_result
from medical.store.series import note_images
from tests.app.web.made_pair import DAYS, write_made_pair


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(sqlite_url(tmp_path / "store.sqlite"))
    yield opened
    opened.close()


def keep(store: Store, folder: Path) -> str:
    """Key of a result as a study."""
    return import_result(
        store, folder, [scored.read_findings() for scored in result_folders(folder)], actor="t"
    )


def found_from(store: Store, here: Path, images: ViewerImages, *others: Path) -> list[Prior]:
    """Earlier CTs of the study ``here``, others being in the store too."""
    key = keep(store, here)
    for other in others:
        keep(store, other)
    return priors_of(store, key, images)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_made_pair(tmp_path_factory.mktemp("pair"))


def images_at(folder: Path) -> ViewerImages:
    images = result_folders(folder)[0].read_images()
    assert images is not None
    return images


def test_an_earlier_ct_of_the_same_patient_is_offered(
    pair: tuple[Path, Path], store: Store
) -> None:
    later, earlier = pair
    (priors,) = found_from(store, later, images_at(later), earlier)
    assert (priors.study_key, priors.same_patient, priors.days) == (
        keep(store, earlier),
        True,
        DAYS,
    )
    assert priors.folder == result_folders(earlier)[0]


def test_a_later_ct_is_not(pair: tuple[Path, Path], store: Store) -> None:
    later, earlier = pair
    assert found_from(store, earlier, images_at(earlier), later) == []


def test_another_patient_is_not(pair: tuple[Path, Path], store: Store) -> None:
    later, earlier = pair
    other = images_at(later).model_copy(update={"patient": "b" * 32})
    assert found_from(store, later, other, earlier) == []


def test_where_the_patient_is_not_known_others_are_offered_without_a_date(
    pair: tuple[Path, Path], store: Store
) -> None:
    later, earlier = pair
    unknown = images_at(later).model_copy(update={"patient": "", "acquired_on": ""})
    (priors,) = found_from(store, later, unknown, earlier)
    assert (priors.same_patient, priors.days) == (False, None)


def test_the_same_patient_comes_first(
    pair: tuple[Path, Path], store: Store, tmp_path: Path
) -> None:
    later, earlier = pair
    (unknown, _) = write_made_pair(tmp_path, patient_known=False)
    priors = found_from(store, later, images_at(later), unknown, earlier)
    assert [scored.folder for scored in priors] == [
        result_folders(scored)[0] for scored in (earlier, unknown)
    ]


def test_without_images_there_is_nothing_to_compare_until_they_are_there(
    pair: tuple[Path, Path], store: Store, tmp_path: Path
) -> None:
    later, earlier = pair
    copy, aside = tmp_path / "copy", tmp_path / "viewer"
    shutil.copytree(earlier, copy)
    (folder,) = result_folders(copy)
    shutil.move(folder.images_file.parent, aside)
    assert found_from(store, later, images_at(later), copy) == []
    shutil.move(aside, folder.images_file.parent)
    note_images(store, folder.path)
    (priors,) = found_from(store, later, images_at(later), copy)
    assert priors.days == DAYS
