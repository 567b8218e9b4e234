"""A ball in made lung, our own networks on it, and a detector that is not ours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor, nn

from medical.explain.shipped_detector import StarLungFinding
from medical.explain.subject import EDGE, Crop, Subject
from medical.geometry import VolumeGeometry
from models.detector.peaks import Candidates
from models.training.two_stage import TwoStage
from models.zoo.loader import DEFAULT_MODEL, find_model
from models.zoo.networks import load_networks

CENTER = (22.0, 26.0, 24.0)
DIAMETER_MM = 10.0


def away_mm(center: tuple[float, float, float] = CENTER, edge: int = EDGE) -> np.ndarray:
    """Distance of each voxel from a point."""
    z, y, x = np.ogrid[:edge, :edge, :edge]
    return np.sqrt((z - center[0]) ** 2 + (y - center[1]) ** 2 + (x - center[2]) ** 2)


def make_crop(center: tuple[float, float, float] = CENTER) -> Crop:
    """A solid ball of 10 mm in noisy lung, both as blurred as a CT is: else it is no finding."""
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(EDGE,) * 3), 1.0)
    ball = np.where(away_mm(center) <= DIAMETER_MM / 2, 30.0, -850.0)
    hu = ndimage.gaussian_filter(ball, 1.0) + 25 * noise / noise.std()
    hu = hu.astype(np.float32)
    geometry = VolumeGeometry.axial(
        shape=hu.shape, spacing_mm=(1.0, 1.0, 1.0), origin_lps_mm=(-30.0, 12.0, -400.0)
    )
    return Crop(hu, geometry, center, DIAMETER_MM)


class BrightnessAround(Subject):
    """Another detector: the class is the brightness around one place, the box the contrast there.

    Linear in the image, so what each method must say of it is known.
    """

    def __init__(self, center: tuple[float, float, float] = CENTER) -> None:
        super().__init__()
        self.center = tuple(round(c) for c in center)
        self.features = nn.Conv3d(1, 2, kernel_size=5, padding=2, bias=False)
        self.head = nn.Conv3d(2, 2, kernel_size=1, bias=False)
        with torch.no_grad():
            self.features.weight.zero_()
            self.features.weight[0] = 1 / 125
            self.features.weight[1, 0, 2, 2, 2] = 1.0
            self.head.weight[0, :, 0, 0, 0] = torch.tensor([8.0, 0.0])
            self.head.weight[1, :, 0, 0, 0] = torch.tensor([-1.0, 2.0])
        self.eval()

    @property
    def cam_layer(self) -> str:
        return "features"

    def forward(self, x: Tensor) -> Tensor:
        z, y, x_ = self.center
        both: Tensor = self.head(self.features(x))[:, :, z, y, x_]
        return both

    def candidates(self, x: Tensor) -> Candidates:
        logits = self(x)[:, :1]
        centers = torch.tensor([self.center], dtype=torch.float32)[None].expand(len(x), 1, 3)
        return Candidates(centers, torch.full_like(logits, DIAMETER_MM), logits)

    def stages(self) -> tuple[tuple[str, tuple[nn.Module, ...]], ...]:
        return (("head", (self.head,)), ("features", (self.features,)))


@pytest.fixture(scope="session")
def networks() -> TwoStage:
    return load_networks(find_model(DEFAULT_MODEL)).requires_grad_(False)


@pytest.fixture(scope="session")
def crop() -> Crop:
    return make_crop()


@pytest.fixture(scope="session")
def ball() -> np.ndarray:
    return away_mm() <= DIAMETER_MM / 2


@pytest.fixture
def shipped(networks: TwoStage, crop: Crop) -> StarLungFinding:
    return StarLungFinding.of(networks, crop)


@pytest.fixture
def linear() -> BrightnessAround:
    return BrightnessAround()
