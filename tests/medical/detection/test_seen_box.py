"""What is seen of a lungs' box at once fits the network and memory."""

from __future__ import annotations

import numpy as np
import pytest

from medical.detection import seen_box
from medical.detection.seen_box import box_window


@pytest.mark.parametrize("shape", [(20, 30, 500), (700, 400, 400), (293, 214, 278)])
def test_what_is_seen_of_a_box_suits_the_networks_and_memory(shape: tuple[int, int, int]) -> None:
    window = box_window(shape)
    assert all(edge % 16 == 0 and edge >= 64 for edge in window)
    assert np.prod(window) <= max(seen_box.MAX_BOX_VOXELS, 64**3)
    assert window[1:] == tuple(max(64, n + -n % 16) for n in shape[1:])
