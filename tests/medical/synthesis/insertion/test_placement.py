"""What a pasted thing changes, and what it leaves."""

from __future__ import annotations

import torch
from torch import Tensor

from medical.synthesis.insertion.placement import paste
from medical.synthesis.insertion.rendered import BOX, Rendered

P = 64
MIDDLE = torch.full((1, 3), 32.0)


def ball(radius: float) -> Tensor:
    axis = torch.arange(BOX).float() - BOX // 2
    away = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).norm(dim=-1)
    return (away < radius).float()[None, None]


def thing(hu: float, *, core: Tensor, alpha: Tensor, replace: bool, nodule: bool) -> Rendered:
    return Rendered(
        alpha,
        core,
        torch.full_like(alpha, hu),
        ball(6) > 0,
        torch.tensor([replace]),
        torch.tensor([-1]),
        torch.tensor([nodule]),
    )


def noisy_lung() -> Tensor:
    torch.manual_seed(0)
    return -850 + 40 * torch.randn(1, 1, P, P, P)


def set_into(hu: Tensor, lung: Tensor, made: Rendered) -> tuple[Tensor, Tensor]:
    after, label = hu.clone(), torch.zeros_like(hu)
    paste(after, label, lung, MIDDLE.clone(), made, torch.tensor([True]), index=1)
    return after, label


def test_the_scans_noise_stays_in_an_inserted_nodule() -> None:
    before = noisy_lung()
    shape = thing(20.0, core=ball(6), alpha=ball(6), replace=False, nodule=True)
    after, label = set_into(before, torch.ones_like(before), shape)
    inside = label[0, 0] > 0
    assert abs(float(after[0, 0][inside].mean()) - 20) < 10
    together = torch.stack([before[0, 0][inside], after[0, 0][inside]])
    assert float(torch.corrcoef(together)[0, 1]) > 0.9


def test_what_is_brighter_stays() -> None:
    before = torch.full((1, 1, P, P, P), -850.0)
    before[..., 30:34, :, :] = 300.0  # a calcified band across the nodule
    shape = thing(20.0, core=ball(6), alpha=ball(6), replace=False, nodule=True)
    after, _ = set_into(before, torch.ones_like(before), shape)
    assert after[0, 0, 32, 32, 32] > 290


def test_surroundings_show_in_lung_only() -> None:
    before = torch.full((1, 1, P, P, P), -850.0)
    lung = torch.ones_like(before)
    lung[..., 40:] = 0  # a wall from x = 40 on
    before[..., 40:] = 30.0
    cube = thing(-700.0, core=ball(6), alpha=ball(20), replace=True, nodule=True)
    after, _ = set_into(before, lung, cube)
    assert after[0, 0, 32, 32, 20] == -700  # lung beside the nodule
    torch.testing.assert_close(after[..., 40:], before[..., 40:])


def test_a_thing_that_is_no_nodule_is_not_labelled() -> None:
    before = torch.full((1, 1, P, P, P), -850.0)
    chunk = thing(-600.0, core=0 * ball(6), alpha=ball(10), replace=True, nodule=False)
    after, label = set_into(before, torch.ones_like(before), chunk)
    assert (after != before).any()
    assert not label.any()
