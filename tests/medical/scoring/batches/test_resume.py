"""``resume`` keeps what this very model has scored; the same weights read otherwise are another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from medical.detection.findings import SeriesFindings
from medical.program import program_version
from medical.results.folder import ResultFolder
from medical.results.search import results_of_other_models
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.scorer import Scorer
from models.zoo.card import ModelCard
from models.zoo.loader import CARD, DEFAULT_MODEL, StoredModel, find_model
from tests.conftest import REPOSITORY
from tests.medical.scoring.small_chest import write_small_chest

pytestmark = pytest.mark.heavy

SHIPPED = find_model(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("input") / "ct.nii.gz"
    write_small_chest(path, seed=1)
    return path


@pytest.fixture(scope="module")
def scored(quick_scorer: Scorer, chest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By the shipped model."""
    out = tmp_path_factory.mktemp("out")
    quick_scorer.score([chest], out)
    return out


@pytest.fixture
def out(scored: Path, tmp_path: Path) -> Path:
    shutil.copytree(scored, tmp_path / "out")
    return tmp_path / "out"


def twin(folder: Path, **update: object) -> StoredModel:
    """The shipped weights under another card."""
    folder.mkdir()
    for name in SHIPPED.digests:
        (folder / name).symlink_to(SHIPPED.folder / name)
    card: ModelCard = SHIPPED.card.model_copy(update=update)
    card.write(folder / CARD)
    return StoredModel(folder, card)


def resumed(chest: Path, out: Path, model: StoredModel) -> SeriesFindings:
    scorer = Scorer(model, samples=2)
    (series,) = scorer.score([chest], out, options=ScoreOptions(resume=True)).series
    stored = ResultFolder(series.folder).find_findings()
    assert stored is not None
    return stored


def test_a_result_keeps_to_its_schema_and_names_the_program(scored: Path) -> None:
    (file,) = scored.glob("*/findings.json")
    record = json.loads(file.read_text("utf-8"))
    exported = REPOSITORY / "docs" / "schemas" / "starlung.findings-1.json"
    Draft202012Validator(json.loads(exported.read_text("utf-8"))).validate(record)
    assert record["program"] == {"version": program_version()}


def written_at(out: Path) -> int:
    return (out / "ct" / "findings.json").stat().st_mtime_ns


def test_the_result_names_the_whole_model(out: Path) -> None:
    stored = ResultFolder(out / "ct").find_findings()
    assert stored is not None
    assert stored.model.digest == SHIPPED.card.digest


@pytest.mark.parametrize(
    "update",
    [
        {"operating_point": 0.5},
        {"calibration": SHIPPED.card.calibration.model_copy(update={"intercept": -3.0})},
    ],
    ids=["operating point", "calibration"],
)
def test_the_same_weights_read_otherwise_score_anew(
    chest: Path, out: Path, tmp_path: Path, update: dict[str, object]
) -> None:
    other = twin(tmp_path / "other", **update)
    result = resumed(chest, out, other)
    assert result.model.digest == other.card.digest
    assert result.operating_point == other.card.operating_point


def test_a_run_that_goes_on_with_another_model_scores_all_anew(chest: Path, out: Path) -> None:
    """As after an update that has another default: no run's table holds two models' scores."""
    before = (out / "predictions.csv").read_text("utf-8")
    result = resumed(chest, out, find_model("starlung-base"))
    assert result.model.name == "starlung-base"
    assert (out / "predictions.csv").read_text("utf-8") != before
    assert not results_of_other_models(out, "starlung-base 0.5.0")


def test_the_same_model_under_another_name_is_not_scored_again(
    chest: Path, out: Path, tmp_path: Path
) -> None:
    before = written_at(out)
    resumed(chest, out, twin(tmp_path / "other", name="renamed"))
    assert written_at(out) == before


def test_a_result_without_a_digest_loads_and_is_scored_anew(chest: Path, out: Path) -> None:
    file = out / "ct" / "findings.json"
    earlier = json.loads(file.read_text())
    del earlier["model"]["digest"]
    file.write_text(json.dumps(earlier))
    stored = ResultFolder(file.parent).find_findings()
    assert stored is not None
    assert stored.model.digest is None
    assert resumed(chest, out, SHIPPED).model.digest == SHIPPED.card.digest
