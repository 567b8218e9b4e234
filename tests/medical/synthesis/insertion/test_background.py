"""Where real lesions and doubtful findings of a case lie in the patches drawn from it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.background import BackgroundSampler
from medical.synthesis.insertion.config import Mixture

BRIGHT = 100  # code of the lesions, in lung of code 20


def _case(*, nodules: list[list[float]], doubtful: list[list[float]]) -> TrainingCase:
    code = np.full((96, 96, 96), 20, np.uint8)
    grid = np.stack(np.meshgrid(*[np.arange(96)] * 3, indexing="ij"), -1)
    for z, y, x, mm in [*nodules, *doubtful]:
        code[np.linalg.norm(grid - (z, y, x), axis=-1) < mm / 2] = BRIGHT
    lung = np.ones(code.shape, bool)
    rows = [np.array(table, np.float32).reshape(-1, 4) for table in (nodules, doubtful)]
    return TrainingCase("made", code, lung, rows[0], rows[1])


@pytest.mark.parametrize("bent", [0.0, 1.0])
def test_lesions_are_where_the_patches_say(bent: float) -> None:
    case = _case(nodules=[[40, 50, 44, 12]], doubtful=[[70, 30, 60, 10]])
    mixture = Mixture(lesion_share=1.0, bent_share=bent, turned_share=bent)
    sampler = BackgroundSampler([case], patch=64, device=torch.device("cpu"), mixture=mixture)
    torch.manual_seed(0)
    drawn = sampler.draw(16)
    told = {True: 0, False: 0}
    for patch in range(16):
        for slot in torch.nonzero(drawn.valid[patch] | drawn.doubtful[patch])[:, 0].tolist():
            at = drawn.centers[patch, slot].round().long()
            if not ((at >= 0) & (at < 64)).all():
                continue
            told[bool(drawn.valid[patch, slot])] += 1
            assert drawn.hu[patch, 0, at[0], at[1], at[2]] > -500
    assert told[True] > 8
    assert told[False] > 0
    assert not (drawn.valid & drawn.doubtful).any()


def test_patches_are_never_centred_on_a_doubtful_finding_on_purpose() -> None:
    case = _case(nodules=[], doubtful=[[20, 20, 20, 10]])
    sampler = BackgroundSampler(
        [case], patch=32, device=torch.device("cpu"), mixture=Mixture(lesion_share=1.0)
    )
    torch.manual_seed(0)
    drawn = sampler.draw(32)
    assert drawn.doubtful.any(1).float().mean() < 0.5
    assert not drawn.valid.any()


def test_a_case_keeps_its_doubtful_findings_on_disk(tmp_path: Path) -> None:
    case = _case(nodules=[[40, 50, 44, 12]], doubtful=[[70, 30, 60, 10], [20, 20, 20, 5]])
    case.save(tmp_path / "case.npz")
    np.testing.assert_array_equal(TrainingCase.load(tmp_path / "case.npz").doubtful, case.doubtful)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"lesion_share": 1.2}, "lesion_share"),
        ({"cube_share": 0.7, "fake_share": 0.4}, "more than one together"),
        ({"small_mm": (9.0, 4.0)}, "small_mm"),
    ],
)
def test_a_mixture_that_cannot_be_is_refused(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Mixture(**wrong)  # type: ignore[arg-type]
