"""What is drawn is blurred across the slices, by as much as slices so far apart blur."""

from __future__ import annotations

import math

import torch

from medical.synthesis.insertion.background import slice_blur_mm
from medical.synthesis.insertion.blur import smear_along


def spread(volume: torch.Tensor) -> list[float]:
    """Standard deviation along z, y and x of what lies in ``[1, 1, e, e, e]``."""
    mass = volume[0, 0] / volume.sum()
    axis = torch.arange(volume.shape[-1]).float()
    out = []
    for others in ((1, 2), (0, 2), (0, 1)):
        profile = mass.sum(others)
        middle = (profile * axis).sum()
        out.append(math.sqrt(float((profile * (axis - middle) ** 2).sum())))
    return out


def test_a_point_is_spread_along_the_direction_only() -> None:
    point = torch.zeros(1, 1, 33, 33, 33)
    point[..., 16, 16, 16] = 1
    z, y, x = spread(smear_along(point, torch.tensor([[2.0, 0.0, 0.0]])))
    assert abs(z - 2.0) < 0.2
    assert max(y, x) < 0.05


def test_without_a_direction_nothing_changes() -> None:
    volume = torch.rand(2, 1, 9, 9, 9)
    torch.testing.assert_close(smear_along(volume, torch.zeros(2, 3)), volume)


def test_slices_three_millimetres_apart_blur_as_a_box_read_linearly() -> None:
    step, fine = 3.0, 0.01
    offsets = torch.arange(-6, 6, fine)
    box = (offsets.abs() < step / 2).float()
    triangle = (1 - offsets.abs() / step).clamp(min=0)
    variance = sum(float((p * offsets**2).sum() / p.sum()) for p in (box, triangle))
    assert abs(slice_blur_mm(step) - math.sqrt(variance)) < 0.01
