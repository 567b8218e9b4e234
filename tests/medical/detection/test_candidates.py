"""Places of the first stage's candidates, whatever window they were seen in."""

from __future__ import annotations

import numpy as np

from medical.detection.candidates import find_candidates
from models.detector.contract import CHANNELS_OUT, HEAT

SHAPE = (92, 150, 334)  # one axis shorter than a window, one with four windows
AIR, DOT = -1000.0, 300.0


def bright_cells(window: np.ndarray) -> np.ndarray:
    """A detector that candidates cells by their brightest voxel."""
    z, y, x = (n // 4 for n in window.shape[2:])
    heat = window.reshape(z, 4, y, 4, x, 4).max((1, 3, 5)) * 10
    output = np.zeros((1, CHANNELS_OUT, *heat.shape), np.float32)
    output[:, HEAT] = heat
    return output


def test_a_mark_lies_where_its_voxel_lies_in_every_window() -> None:
    hu = np.full(SHAPE, AIR, np.float32)
    dots = np.stack(np.meshgrid([9, 45, 81], [30, 131], range(13, 330, 23), indexing="ij"), -1)
    dots = dots.reshape(-1, 3)[::2]
    hu[tuple(dots.T)] = DOT
    found = find_candidates(hu, np.ones(SHAPE, bool), bright_cells)
    apart = np.abs(found.centers_voxel[None] - dots[:, None]).max(-1).min(1)
    assert apart.max() <= 1.5  # a cell is 4 mm wide, its middle is marked
