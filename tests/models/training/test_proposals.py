"""Blobs for the refinement stage: where there is contrast in lung, and nowhere else."""

from __future__ import annotations

import math

import torch

from models.detector.contract import CHANNELS_OUT, LOG_DIAMETER
from models.training.two_stage import blob_peaks

EDGE = 64
AIR, TISSUE = -0.85, 0.05  # normalised


def image_of(background: float) -> torch.Tensor:
    return torch.full((1, 1, EDGE, EDGE, EDGE), background)


def ball(image: torch.Tensor, center: tuple[int, int, int], radius: float) -> None:
    axis = torch.arange(EDGE).float()
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    far = (z - center[0]) ** 2 + (y - center[1]) ** 2 + (x - center[2]) ** 2
    image[0, 0][far < radius**2] = TISSUE


def said(diameter_mm: float) -> torch.Tensor:
    output = torch.zeros(1, CHANNELS_OUT, EDGE // 4, EDGE // 4, EDGE // 4)
    output[:, LOG_DIAMETER] = math.log(diameter_mm)
    return output


def test_a_ball_in_lung_is_found_at_its_centre() -> None:
    image = image_of(AIR)
    ball(image, (30, 24, 36), 4.0)
    peaks = blob_peaks(image, said(7.0), most=3)
    assert peaks.logits[0, 0] == 0
    assert (peaks.centers[0, 0] - torch.tensor([30.0, 24.0, 36.0])).abs().max() <= 1.5


def test_it_has_the_diameter_that_the_detector_says_there() -> None:
    image = image_of(AIR)
    ball(image, (30, 24, 36), 4.0)
    peaks = blob_peaks(image, said(7.0), most=1)
    assert torch.isclose(peaks.diameters_mm[0, 0], torch.tensor(7.0))


def test_places_that_are_missing_say_so() -> None:
    image = image_of(AIR)
    ball(image, (30, 24, 36), 4.0)
    assert (blob_peaks(image, said(7.0), most=3).logits[0, 1:] < -1e3).all()


def test_a_bright_spot_far_from_lung_is_none() -> None:
    image = image_of(-0.1)
    ball(image, (30, 24, 36), 4.0)
    assert (blob_peaks(image, said(7.0), most=3).logits < -1e3).all()


def test_stronger_contrast_is_drawn_more_often() -> None:
    image = image_of(AIR)
    ball(image, (20, 20, 20), 4.0)
    ball(image, (44, 44, 44), 1.6)
    torch.manual_seed(0)
    first = [float(blob_peaks(image, said(5.0), most=1).centers[0, 0, 0]) for _ in range(40)]
    assert sum(z < 32 for z in first) > 25
