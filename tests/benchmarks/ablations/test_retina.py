"""The anchor-based design: its targets, its output, and that it learns and finds."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from medical.synthesis.case import TrainingCase, hu_to_code
from medical.synthesis.nodules.opening import made_pool
from models.detector.detector import ATTENTION, HEAT, LOG_DIAMETER, OFFSET, DetectorConfig
from models.detector.peaks import find_peaks
from models.training.loop import LoopConfig
from models.zoo.networks import save_networks
from tests.benchmarks.ablations import train
from tests.benchmarks.ablations.made import MadeEngine, P, made_batch
from tests.benchmarks.ablations.marks import MarkReader
from tests.benchmarks.ablations.retina import AnchorDetector, AnchorStage, RetinaConfig, box_targets
from tests.benchmarks.ablations.strongest import NOWHERE_LOGIT, strongest_box
from tests.benchmarks.ablations.variants import VARIANTS

SMALL = RetinaConfig(widths=(8, 16, 16, 16), channels=16)

NONE = np.zeros((0, 4), np.float32)


@pytest.fixture(scope="module")
def taught() -> tuple[AnchorStage, list[float]]:
    """A small RetinaNet that has seen one ball many times; its losses on the way."""
    torch.manual_seed(0)
    stage = AnchorStage(SMALL.build(), None)  # type: ignore[arg-type]
    optimizer = torch.optim.AdamW(stage.parameters(), lr=5e-3)
    batch = made_batch((13.0, 18.0, 9.0), 7.0)
    seen = []
    for _ in range(40):
        loss: Tensor = torch.stack(list(stage.losses(batch).values())).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        seen.append(loss.item())
    return stage.eval(), seen


def test_a_nodule_is_a_cube_around_the_middle_of_its_voxel() -> None:
    boxes = box_targets(made_batch((13.0, 18.0, 9.0), 7.0))[0]["boxes"]
    assert boxes.tolist() == [[10.0, 15.0, 6.0, 17.0, 22.0, 13.0]]


def test_a_patch_without_a_nodule_has_no_box() -> None:
    assert len(box_targets(made_batch((13.0, 18.0, 9.0), 7.0))[1]["boxes"]) == 0


def test_anchors_stand_at_the_middle_of_the_cells() -> None:
    detector = SMALL.build()
    output = detector.read_maps(_silent(detector), torch.zeros(1, 1, P, P, P))
    assert output[0, HEAT].min() > NOWHERE_LOGIT
    assert output[0, OFFSET].abs().max() == 0


def _silent(detector: AnchorDetector) -> list[Tensor]:
    """Maps of which the finest alone says anything: that each of its anchors is as it should be."""
    maps = [torch.zeros_like(level) for level in detector.maps(torch.zeros(1, 1, P, P, P))]
    for level in maps[1:]:
        level[:, :2] = -100.0
    return maps


def test_anchors_at_a_doubtful_finding_are_left_out() -> None:
    detector = SMALL.build()
    batch = made_batch((13.0, 18.0, 9.0), 7.0)
    batch = batch._replace(valid=~batch.valid & batch.valid, doubtful=batch.valid)
    anchors = torch.tensor([[12.0, 17, 8, 16, 21, 12], [0.0, 0, 0, 4, 4, 4]])
    targets = box_targets(batch)
    matched = detector.compute_anchor_matched_idxs([anchors, anchors], targets, [2])
    assert [each.tolist() for each in matched] == [[-2, -1], [-1, -1]]


def test_the_strongest_box_of_a_cell_stands_there() -> None:
    boxes = torch.tensor(
        [[4.0, 4, 4, 8, 8, 8], [5.0, 4, 4, 11, 10, 10], [20.0, 20, 20, 28, 28, 28]]
    )
    output = strongest_box(torch.tensor([[1.0, 2.0, 3.0]]), boxes[None], size=(P, P, P))[0]
    # the second box's middle is (8, 7, 7) at voxel faces: 1/2, 1/4 and 1/4 cells past (1, 1, 1)
    assert output[HEAT, 2, 1, 1] == output[ATTENTION, 2, 1, 1] == 2.0
    assert output[OFFSET, 2, 1, 1].tolist() == [-0.5, 0.25, 0.25]
    assert output[LOG_DIAMETER, 2, 1, 1].exp() == pytest.approx(6.0)
    assert output[HEAT, 1, 1, 1] == 1.0


def test_a_cell_without_a_box_is_nowhere() -> None:
    output = strongest_box(torch.ones(1, 1), torch.ones(1, 1, 6), size=(P, P, P))[0]
    assert (output[HEAT] == NOWHERE_LOGIT).sum() == (P // 4) ** 3 - 1


def test_the_loss_falls(taught: tuple[AnchorStage, list[float]]) -> None:
    assert np.mean(taught[1][-5:]) < 0.4 * np.mean(taught[1][:5])


def test_what_it_has_learnt_is_a_peak_where_the_nodule_is(
    taught: tuple[AnchorStage, list[float]],
) -> None:
    batch = made_batch((13.0, 18.0, 9.0), 7.0)
    with torch.no_grad():
        peak = find_peaks(taught[0].detector(batch.image), most=1)
    assert peak.centers[0, 0].tolist() == pytest.approx([13.0, 18.0, 9.0], abs=1.5)
    assert peak.diameters_mm[0, 0].item() == pytest.approx(7.0, rel=0.25)
    assert peak.logits[0] > peak.logits[1] + 2


def test_a_whole_scan_is_read_across_windows(taught: tuple[AnchorStage, list[float]]) -> None:
    hu = np.full((64, 64, 190), -870.0, np.float32)
    hu[10:17, 15:22, 100:107] = 0.0  # where two windows overlap
    reader = MarkReader(taught[0], device=torch.device("cpu"), first_only=True)
    marks, alone = (
        reader.read(TrainingCase("made", hu_to_code(part), np.ones(part.shape, bool), NONE))
        for part in (hu, hu[..., 64:128])  # the second fits into one window
    )
    assert marks.centers_voxel[0] == pytest.approx(alone.centers_voxel[0] + (0, 0, 64), abs=2.0)
    assert not marks.refiner.any()


def test_it_trains_in_the_loop_of_the_other_variants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "NoduleEngine", MadeEngine)
    variant = replace(VARIANTS["retina"], detector=SMALL)
    torch.manual_seed(train.SEEDS[0])
    begun = variant.build().state_dict()
    trained = train.train_variant(
        variant,
        [],
        made_pool(seed=0),
        config=LoopConfig(steps=2, warmup_steps=1),
        out=tmp_path,
        device=torch.device("cpu"),
    ).state_dict()
    key = "detector.network.regression_head.bbox_reg.weight"
    assert not torch.equal(trained[key], begun[key])


def test_it_is_as_large_as_the_centre_heat_map() -> None:
    mine, ours = (
        sum(each.numel() for each in config.build().parameters())
        for config in (RetinaConfig(), DetectorConfig())
    )
    assert mine == pytest.approx(ours, rel=0.15)


def test_stored_weights_are_those_of_the_variant(tmp_path: Path) -> None:
    networks = VARIANTS["retina"].build()
    path = tmp_path / "retina.safetensors"
    save_networks(networks, path)
    VARIANTS["retina"].build().load_state_dict(load_file(path))
    assert not any("refiner" in name for name in load_file(path))


def test_training_needs_no_torchvision_and_nothing_of_the_clinic() -> None:
    code = (
        "import sys\n"
        "for name in ('torchvision', 'pydantic', 'pydicom', 'openvino', 'SimpleITK'):\n"
        "    sys.modules[name] = None\n"
        "import tests.benchmarks.ablations.train\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
