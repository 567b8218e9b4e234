"""A finding of our own detector, as a subject of explanation."""

from __future__ import annotations

import numpy as np
import torch

from medical.explain.shipped_detector import StarLungFinding
from medical.explain.subject import Crop
from models.detector.peaks import find_peaks
from models.training.two_stage import TwoStage


def test_the_class_is_the_peak_that_the_detector_reports(
    shipped: StarLungFinding, networks: TwoStage, crop: Crop
) -> None:
    with torch.no_grad():
        peaks = find_peaks(networks.detector(crop.image), most=1)
        assert torch.allclose(shipped.score(crop.image, "class"), peaks.logits[0])


def test_the_box_is_the_diameter_that_the_detector_reports(
    shipped: StarLungFinding, networks: TwoStage, crop: Crop
) -> None:
    with torch.no_grad():
        peaks = find_peaks(networks.detector(crop.image), most=1)
        assert torch.allclose(shipped.score(crop.image, "box").exp(), peaks.diameters_mm[0])


def test_the_mask_lies_on_the_nodule(
    shipped: StarLungFinding, crop: Crop, ball: np.ndarray
) -> None:
    with torch.no_grad():
        mask = shipped.mask(crop.image)[0, 0].numpy() > 0.5
    dice = 2 * (mask & ball).sum() / (mask.sum() + ball.sum())
    assert dice > 0.75


def test_the_parts_hold_every_weight(shipped: StarLungFinding) -> None:
    held = {id(p) for _, parts in shipped.stages() for part in parts for p in part.parameters()}
    assert held == {id(p) for p in shipped.parameters()}
