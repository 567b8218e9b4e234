"""A teacher's answer by both views is what the program makes of both."""

from __future__ import annotations

import numpy as np
import torch

from models.detector.both_views import BothViews
from models.detector.detector import DetectorConfig
from models.runtime.mirrors import in_mirrors


def test_it_says_what_the_running_program_says_of_both_views() -> None:
    torch.manual_seed(0)
    detector = DetectorConfig(widths=(8, 8, 8, 8), channels=8, local_attention=True).build().eval()
    image = torch.rand(1, 1, 64, 64, 80)

    @torch.no_grad()
    def run(window: np.ndarray) -> np.ndarray:
        return np.asarray(detector(torch.from_numpy(window)))

    with torch.no_grad():
        both = BothViews(detector)(image)
    torch.testing.assert_close(both, torch.from_numpy(in_mirrors(run)(image.numpy())))
    assert not torch.allclose(both, detector(image))
