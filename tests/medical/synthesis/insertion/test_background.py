"""Where real lesions and ignore regions of a case lie in the patches drawn from it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.background import BackgroundSampler
from medical.synthesis.insertion.config import AugmentationConfig

BRIGHT = 100  # code of the lesions, in lung of code 20


def _case(*, nodules: list[list[float]], ignore_regions: list[list[float]]) -> TrainingCase:
    code = np.full((96, 96, 96), 20, np.uint8)
    grid = np.stack(np.meshgrid(*[np.arange(96)] * 3, indexing="ij"), -1)
    for z, y, x, mm in [*nodules, *ignore_regions]:
        code[np.linalg.norm(grid - (z, y, x), axis=-1) < mm / 2] = BRIGHT
    lung = np.ones(code.shape, bool)
    rows = [np.array(table, np.float32).reshape(-1, 4) for table in (nodules, ignore_regions)]
    return TrainingCase("made", code, lung, rows[0], rows[1])


@pytest.mark.parametrize("deformed", [0.0, 1.0])
def test_lesions_are_where_the_patches_say(deformed: float) -> None:
    case = _case(nodules=[[40, 50, 44, 12]], ignore_regions=[[70, 30, 60, 10]])
    augmentation = AugmentationConfig(
        lesion_share=1.0, deformation_share=deformed, rotation_share=deformed
    )
    sampler = BackgroundSampler(
        [case], patch=64, device=torch.device("cpu"), augmentation=augmentation
    )
    torch.manual_seed(0)
    drawn = sampler.draw(16)
    counts = {True: 0, False: 0}
    for patch in range(16):
        for slot in torch.nonzero(drawn.valid[patch] | drawn.ignore_regions[patch])[:, 0].tolist():
            at = drawn.centers[patch, slot].round().long()
            if not ((at >= 0) & (at < 64)).all():
                continue
            counts[bool(drawn.valid[patch, slot])] += 1
            assert drawn.hu[patch, 0, at[0], at[1], at[2]] > -500
    assert counts[True] > 8
    assert counts[False] > 0
    assert not (drawn.valid & drawn.ignore_regions).any()


def test_patches_are_never_centred_on_a_doubtful_finding_on_purpose() -> None:
    case = _case(nodules=[], ignore_regions=[[20, 20, 20, 10]])
    sampler = BackgroundSampler(
        [case],
        patch=32,
        device=torch.device("cpu"),
        augmentation=AugmentationConfig(lesion_share=1.0),
    )
    torch.manual_seed(0)
    drawn = sampler.draw(32)
    assert drawn.ignore_regions.any(1).float().mean() < 0.5
    assert not drawn.valid.any()


def test_a_case_keeps_its_doubtful_findings_on_disk(tmp_path: Path) -> None:
    case = _case(nodules=[[40, 50, 44, 12]], ignore_regions=[[70, 30, 60, 10], [20, 20, 20, 5]])
    case.save(tmp_path / "case.npz")
    np.testing.assert_array_equal(
        TrainingCase.load(tmp_path / "case.npz").ignore_regions, case.ignore_regions
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"lesion_share": 1.2}, "lesion_share"),
        ({"cube_share": 0.7, "distractor_share": 0.4}, "more than one together"),
        ({"small_mm": (9.0, 4.0)}, "small_mm"),
    ],
)
def test_a_mixture_that_cannot_be_is_refused(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        AugmentationConfig(**wrong)  # type: ignore[arg-type]
