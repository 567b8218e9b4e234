"""Bent patches: what lay somewhere is found where it went."""

import torch
from torch.nn import functional

from medical.synthesis.insertion.warp import bend_on_grid, random_bend, where_it_went

P = 48


def _shown(volume: torch.Tensor, bend: torch.Tensor) -> torch.Tensor:
    axis = torch.arange(P, dtype=torch.float32)
    grid = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"))[None]
    at = (grid + bend_on_grid(bend, P)).permute(0, 2, 3, 4, 1).flip(-1)
    return functional.grid_sample(volume, (2 * at + 1) / P - 1, align_corners=False)


def test_a_point_is_found_where_it_went() -> None:
    torch.manual_seed(3)
    bend = random_bend(8, share=1.0, device=torch.device("cpu"))
    assert bend.abs().max() > 2
    axis = torch.arange(P, dtype=torch.float32)
    grid = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)
    points = torch.tensor([[[20.0, 26.0, 23.0]]]).expand(8, -1, -1)
    blob = torch.exp(-((grid - points[0, 0]) ** 2).sum(-1) / 8)[None, None]
    said = where_it_went(points, bend, P)[:, 0]
    for patch in range(8):
        shown = _shown(blob, bend[patch : patch + 1])[0, 0]
        at = torch.nonzero(shown == shown.max())[0].float()
        assert (at - said[patch]).abs().max() < 1.5


def test_the_share_that_is_not_bent_stays_as_it_is() -> None:
    torch.manual_seed(0)
    bend = random_bend(64, share=0.5, device=torch.device("cpu"))
    still = (bend == 0).flatten(1).all(1)
    assert 16 < still.sum() < 48
    points = torch.rand(64, 2, 3) * P
    assert torch.equal(where_it_went(points, bend, P)[still], points[still])
