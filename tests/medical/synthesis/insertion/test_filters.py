"""Blur and elastic deformation of patches."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from medical.synthesis.insertion.background import slice_blur_mm
from medical.synthesis.insertion.filters import (
    deformation_on_grid,
    deformed_positions,
    random_deformation,
    slice_profile_blur,
)


def deviations(volume: torch.Tensor) -> list[float]:
    """Standard deviation along z, y and x of what lies in ``[1, 1, e, e, e]``."""
    mass = volume[0, 0] / volume.sum()
    axis = torch.arange(volume.shape[-1]).float()
    out = []
    for others in ((1, 2), (0, 2), (0, 1)):
        profile = mass.sum(others)
        middle = (profile * axis).sum()
        variance = float((profile * (axis - middle) ** 2).sum())
        out.append(math.sqrt(max(variance, 0.0)))  # that of a point is 0 but for rounding
    return out


def test_a_point_is_spread_along_the_direction_only() -> None:
    point = torch.zeros(1, 1, 33, 33, 33)
    point[..., 16, 16, 16] = 1
    z, y, x = deviations(slice_profile_blur(point, torch.tensor([[2.0, 0.0, 0.0]])))
    assert abs(z - 2.0) < 0.05
    assert max(y, x) < 0.05


def test_what_is_slanted_is_spread_as_far_along_each_axis_as_it_points_there() -> None:
    point = torch.zeros(1, 1, 32, 32, 32)
    point[..., 16, 16, 16] = 1
    direction = torch.tensor([[1.2, 0.9, -0.5]])
    spread = deviations(slice_profile_blur(point, direction))
    torch.testing.assert_close(torch.tensor(spread), direction[0].abs(), atol=0.05, rtol=0.0)


def test_without_a_direction_nothing_changes() -> None:
    volume = torch.rand(2, 1, 9, 9, 9)
    torch.testing.assert_close(slice_profile_blur(volume, torch.zeros(2, 3)), volume)


def test_slices_three_millimetres_apart_blur_as_a_box_read_linearly() -> None:
    step, fine = 3.0, 0.01
    offsets = torch.arange(-6, 6, fine)
    box = (offsets.abs() < step / 2).float()
    triangle = (1 - offsets.abs() / step).clamp(min=0)
    variance = sum(float((p * offsets**2).sum() / p.sum()) for p in (box, triangle))
    assert abs(slice_blur_mm(step) - math.sqrt(variance)) < 0.01


P = 48


def _shown(volume: torch.Tensor, deformation: torch.Tensor) -> torch.Tensor:
    axis = torch.arange(P, dtype=torch.float32)
    grid = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"))[None]
    at = (grid + deformation_on_grid(deformation, P)).permute(0, 2, 3, 4, 1).flip(-1)
    return functional.grid_sample(volume, (2 * at + 1) / P - 1, align_corners=False)


def test_a_point_is_found_where_it_went() -> None:
    torch.manual_seed(3)
    deformation = random_deformation(8, share=1.0, device=torch.device("cpu"))
    assert deformation.abs().max() > 2
    axis = torch.arange(P, dtype=torch.float32)
    grid = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)
    points = torch.tensor([[[20.0, 26.0, 23.0]]]).expand(8, -1, -1)
    blob = torch.exp(-((grid - points[0, 0]) ** 2).sum(-1) / 8)[None, None]
    positions = deformed_positions(points, deformation, P)[:, 0]
    for patch in range(8):
        shown = _shown(blob, deformation[patch : patch + 1])[0, 0]
        at = torch.nonzero(shown == shown.max())[0].float()
        assert (at - positions[patch]).abs().max() < 1.5


def test_the_share_that_is_not_bent_stays_as_it_is() -> None:
    torch.manual_seed(0)
    deformation = random_deformation(64, share=0.5, device=torch.device("cpu"))
    still = (deformation == 0).flatten(1).all(1)
    assert 16 < still.sum() < 48
    points = torch.rand(64, 2, 3) * P
    assert torch.equal(deformed_positions(points, deformation, P)[still], points[still])
