"""From what was measured to the model that is used, its card and the figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from medical.errors import InputError
from medical.training.adapting.hospital_cts import HospitalCt, HospitalCts
from medical.training.adapting.publish import REPORT, Readings, choose_adapted_model
from medical.training.calibration.raw_scores import CalibrationData
from models.zoo.card import ModelCard
from models.zoo.loader import CARD, StoredModel, find_model
from tests.logs import logged
from tests.medical.training.adapting.made import drawn_part, part_of, plain_calibration, tiny_model

CTS = 6
NONE = np.zeros((0, 5))


@pytest.fixture
def old(tmp_path: Path) -> StoredModel:
    """A model by whose card a logit of 0 is a probability of a half."""
    model = tiny_model(tmp_path / "tiny")
    card = model.card.model_copy(update={"calibration": plain_calibration()})
    card.write(model.folder / CARD)
    return StoredModel(model.folder, card)


def parts(*, shift: float = 0.0, candidates: float = 0.0) -> list[CalibrationData]:
    made = [drawn_part(seed, shift=shift) for seed in range(CTS)]
    for part in made:
        part.scores.detector_logit[~part.scores.is_nodule] += candidates
    return made


def sides() -> HospitalCts:
    aside = [
        HospitalCt(f"ct{n}", Path("none"), {"manufacturer": "Maker", "model": "AB"[n % 2]})
        for n in range(CTS)
    ]
    return HospitalCts([HospitalCt("learnt1", Path("none"), {})], aside)


def run(
    old: StoredModel, out: Path, *made: list[CalibrationData]
) -> tuple[Path | None, list[str], dict]:
    out.mkdir()
    with logged() as log:
        folder = choose_adapted_model(
            [Readings(old.weights, item, [NONE] * len(item)) for item in made],
            old=old,
            how="features" if len(made) > 1 else "calibrate",
            recipe="a recipe",
            sides=sides(),
            out=out,
        )
    report = out / REPORT
    return folder, log, json.loads(report.read_text("utf-8"))


def test_a_better_calibration_of_the_same_weights_is_used(old: StoredModel, tmp_path: Path) -> None:
    folder, log, report = run(old, tmp_path / "out", parts(shift=4.0))
    assert folder == tmp_path / "out" / "model"
    card = find_model(str(folder)).card
    assert card.sha256 == old.card.sha256
    assert card.calibration != old.card.calibration
    assert card.scans_seen_in_training == ["elsewhere"]
    assert card.operating_scans == len(card.calibration_scans) == CTS
    assert report["used"] == "calibrate"
    assert any("INSERTED" in line for line in log)


def test_new_weights_that_are_not_worse_are_used_and_the_card_says_from_what(
    old: StoredModel, tmp_path: Path
) -> None:
    folder, _, report = run(old, tmp_path / "out", parts(), parts(shift=1.0))
    assert report["used"] == "features"
    card = find_model(str(folder)).card
    assert card.scans_seen_in_training == ["elsewhere", "learnt1"]
    assert "a recipe" in card.recipe
    assert "INSERTED" in str(card.metrics["adaptation"])


def test_worse_weights_fall_back_to_the_old_ones_calibrated_anew(
    old: StoredModel, tmp_path: Path
) -> None:
    folder, log, report = run(
        old, tmp_path / "out", parts(shift=4.0), parts(shift=4.0, candidates=3.0)
    )
    assert report["used"] == "calibrate"
    assert not report["decisions"]["features"]["replaces"]
    assert folder is not None
    assert "learnt1" not in ModelCard.read(folder / CARD).scans_seen_in_training
    assert any(line.startswith("features: ") and "worse" in line for line in log)


def test_before_and_after_are_told_scanner_by_scanner(old: StoredModel, tmp_path: Path) -> None:
    _, _, report = run(old, tmp_path / "out", parts(), parts(shift=1.0))
    assert set(report["by_scanner"]) == {"Maker A", "Maker B"}
    assert set(report["by_scanner"]["Maker A"]) == {"before", "calibrate", "features"}
    assert report["by_scanner"]["Maker A"]["before"]["cts"] == CTS // 2


def test_two_hospitals_that_calibrate_the_same_weights_get_two_names(
    old: StoredModel, tmp_path: Path
) -> None:
    folders = [run(old, tmp_path / f"out{s}", parts(shift=s))[0] for s in (4.0, 6.0)]
    names = {find_model(str(folder)).card.name for folder in folders}
    assert len(names) == 2
    assert all(name.startswith("adapted-") for name in names)


def test_a_calibration_that_is_no_better_leaves_the_old_model(
    old: StoredModel, tmp_path: Path
) -> None:
    # five CTs on which all is plain teach a confidence that the sixth does not bear
    plain = [part_of(candidates=[-2.0] * 20, nodules=[2.0] * 40) for _ in range(CTS - 1)]
    muddled = part_of(candidates=list(np.linspace(-2, 2, 20)), nodules=list(np.linspace(-2, 2, 40)))
    folder, _, report = run(old, tmp_path / "out", [*plain, muddled])
    assert folder is None
    assert report["used"] is None
    assert not (tmp_path / "out" / "model").exists()


def test_too_few_inserted_nodules_are_one_sentence(old: StoredModel, tmp_path: Path) -> None:
    few = [drawn_part(seed, nodules=5) for seed in range(CTS)]
    with pytest.raises(InputError, match="25 inserted nodules were found"):
        run(old, tmp_path / "out", few)
