"""Both stages made smaller, cut off and gone on with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import divided, made_pool
from medical.training.compress import FirstStageCompression, load_student
from medical.training.compress_refinement import compress_refinement_stage
from medical.training.compressing.plan import CompressionPlan
from medical.training.fit import Material
from medical.training.recipes import Patches, Phase, Recipe
from models.compression.quantization import QuantizedConv3d
from models.detector.detector import Detector, DetectorConfig
from models.detector.refiner import Refiner, RefinerConfig
from models.training.two_stage import TwoStage

pytestmark = pytest.mark.heavy

RECIPE = Recipe(
    detector=DetectorConfig(widths=(16, 16, 24, 24), channels=16, local_attention=True),
    refiner=RefinerConfig(widths=(4, 8, 8), hidden=8, own_classifier=True),
    phases=(Phase(name="first", learns="first-stage", batches={"distractor_share": 0.0}),),
    patches=Patches(batch=4, patch=64),
)
SMALL = RefinerConfig(widths=(4, 4, 4), hidden=8, dropout=0.3)
PLAN = CompressionPlan(
    cost=0.6, seconds=3.0, eight_bit_share=0.4, refinement_share=0.3, refiner=SMALL
)
CPU = torch.device("cpu")


def material() -> Material:
    rng = np.random.default_rng(0)
    code, none = rng.integers(10, 40, (64, 64, 64)).astype(np.uint8), np.zeros((0, 4), np.float32)
    case = TrainingCase("made", code, np.ones(code.shape, bool), none)
    pool = divided(made_pool(seed=0), share=0.05, seed=0)[1]
    return Material(cases=[case], pool=pool)


def teacher() -> TwoStage:
    torch.manual_seed(3)
    return TwoStage(RECIPE.detector.build(), RECIPE.refiner.build()).eval()


def compress(out: Path) -> Detector:
    return FirstStageCompression(teacher(), material(), RECIPE, PLAN, out, CPU).run()


def test_it_is_smaller_rounded_and_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    student = compress(tmp_path)
    report = json.loads((tmp_path / "pruning.json").read_text("utf-8"))
    before, after = report["multiplications"]
    assert after < 0.7 * before
    assert isinstance(student.get_submodule("pyramid.smooth4.conv"), QuantizedConv3d)
    assert not isinstance(student.get_submodule("heads.heat"), QuantizedConv3d)

    logs = [tmp_path / name / "log.jsonl" for name in ("pruned", "eight-bit")]
    written = [log.read_text("utf-8") for log in logs]
    (tmp_path / "eight-bit.safetensors").unlink()  # as if cut off before its end was written
    again = compress(tmp_path)
    assert logs[0].read_text("utf-8") == written[0]
    assert again.state_dict().keys() == student.state_dict().keys()

    image = torch.randn(1, 1, 64, 64, 64)
    plain = load_student(RECIPE, tmp_path / "eight-bit.safetensors")
    with torch.no_grad():
        exact, rounded = plain(image), again(image)
    assert exact.shape == rounded.shape
    assert not torch.equal(exact, rounded)
    assert float((exact - rounded).abs().mean()) < 0.1 * float(exact.abs().mean())


def test_the_second_stage_learns_on_what_the_first_offers_and_is_taught_once(
    tmp_path: Path,
) -> None:
    first = RECIPE.detector.build().eval()
    before = {name: value.clone() for name, value in first.state_dict().items()}

    def learn() -> Refiner:
        return compress_refinement_stage(
            teacher(), first, material(), RECIPE, plan=PLAN, out=tmp_path, device=CPU
        )

    student = learn()
    log = (tmp_path / "refinement" / "log.jsonl").read_text("utf-8")
    assert '"distil_outline"' in log and '"distil_probability"' in log
    assert student.own is None and not student.training
    torch.manual_seed(31)
    untaught = SMALL.build().state_dict()
    assert not torch.equal(student.state_dict()["mask.weight"], untaught["mask.weight"])
    assert all(torch.equal(value, before[name]) for name, value in first.state_dict().items())
    again = learn()
    assert (tmp_path / "refinement" / "log.jsonl").read_text("utf-8") == log
    assert all(torch.equal(v, again.state_dict()[n]) for n, v in student.state_dict().items())


def test_without_rounding_it_is_taught_once(tmp_path: Path) -> None:
    plan = replace(PLAN, eight_bit_share=0.0, refinement_share=0.0, multiplications_count=0.5)
    student = FirstStageCompression(teacher(), material(), RECIPE, plan, tmp_path, CPU).run()
    assert not any(isinstance(module, QuantizedConv3d) for module in student.modules())
    assert not (tmp_path / "eight-bit.safetensors").exists()
    assert '"distil_logits"' in (tmp_path / "pruned" / "log.jsonl").read_text("utf-8")
