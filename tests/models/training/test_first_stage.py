"""The first stage alone is taught: the second does not move, and ignore regions teach nothing."""

from __future__ import annotations

import torch

from medical.synthesis.insertion.engine import TrainingBatch
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.training.two_stage import FirstStageOnly

EDGE = 32


def batch_of(*, valid: bool, ignore_regions: bool) -> TrainingBatch:
    """One bright cube in air, as a nodule, as an ignore region, or as background."""
    image = torch.full((2, 1, EDGE, EDGE, EDGE), -0.85)
    image[..., 12:20, 12:20, 12:20] = 0.05
    here = torch.ones(2, 1, dtype=torch.bool)
    return TrainingBatch(
        image,
        (image > 0).float() * valid,
        torch.full((2, 1, 3), 15.5),
        torch.full((2, 1), 9.0),
        here & valid,
        torch.zeros(2, 1, dtype=torch.long),
        here & valid,
        here & ignore_regions,
    )


def stages() -> FirstStageOnly:
    torch.manual_seed(0)
    detector = DetectorConfig(widths=(4, 8, 8, 8), channels=8).build()
    return FirstStageOnly(detector, RefinerConfig(widths=(4, 4, 8), hidden=8).build())


def test_only_the_first_stage_moves() -> None:
    model = stages().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
    loss = torch.stack(
        list(model.losses(batch_of(valid=True, ignore_regions=False)).values())
    ).sum()
    loss.backward()
    optimizer.step()
    moved = {
        name for name, value in model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert any(name.startswith("detector.encoder") for name in moved)
    assert not any(name.startswith("refiner") for name in moved)


def test_what_is_doubtful_is_not_taught_as_background() -> None:
    model = stages().eval()
    with torch.no_grad():
        background = model.losses(batch_of(valid=False, ignore_regions=False))["heat"]
        ignore_regions = model.losses(batch_of(valid=False, ignore_regions=True))["heat"]
    assert ignore_regions < background
