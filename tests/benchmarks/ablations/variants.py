"""Variants of the detector and of what it is trained on, one change each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from medical.synthesis.insertion.config import AugmentationConfig
from models.detector.detector import Detector, DetectorConfig, Pyramid, SpatialAttention
from models.detector.peaks import Candidates
from models.detector.refiner import RefinerConfig
from models.training.two_stage import Batch, TwoStage
from tests.benchmarks.ablations.retina import AnchorStage, RetinaConfig

FULL = AugmentationConfig()


class WatchedOnly(nn.Module):
    """The attention map is learnt, and amplifies nothing."""

    def __init__(self, attention: SpatialAttention) -> None:
        super().__init__()
        self.attention = attention

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features as they came and the map's logits."""
        return features, self.attention(features)[1]


class OneScale(nn.Module):
    """Stride 8 alone, brought to stride 4: nothing is fused."""

    def __init__(self, pyramid: Pyramid) -> None:
        super().__init__()
        self.lateral, self.smooth8 = pyramid.lateral8, pyramid.smooth8
        self.smooth4 = pyramid.smooth4

    def forward(self, features: tuple[Tensor, ...]) -> Tensor:
        """Return ``[b, channels, z/4, y/4, x/4]``."""
        deep = self.smooth8(self.lateral(features[2]))
        wide = functional.interpolate(deep, scale_factor=2.0, mode="trilinear", align_corners=False)
        fused: Tensor = self.smooth4(wide)
        return fused


class PlainSum(nn.Module):
    """The usual feature pyramid: maps are added, each counts the same."""

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Return the mean."""
        return torch.stack(maps).mean(0)


class GatedSum(nn.Module):
    """Attention-gated: each place weighs the maps for itself, by a softmax over them."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.gate = nn.Conv3d(inputs * channels, inputs, kernel_size=1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Return the sum weighted place by place."""
        weight = torch.softmax(self.gate(torch.cat(maps, 1)), dim=1)
        return torch.stack([weight[:, i : i + 1] * each for i, each in enumerate(maps)]).sum(0)


class OwnMarksOnly(TwoStage):
    """The second stage learns on the first one's marks alone, not on blobs."""

    def candidate_sources(self, output: Tensor, batch: Batch) -> list[Candidates]:
        return super().candidate_sources(output, batch)[:1]


def _watched_only(detector: Detector) -> None:
    detector.attention = WatchedOnly(detector.attention)  # type: ignore[assignment]


def _one_scale(detector: Detector) -> None:
    detector.pyramid = OneScale(detector.pyramid)  # type: ignore[assignment]


def _plain_sum(detector: Detector) -> None:
    detector.pyramid.meet8 = PlainSum()  # type: ignore[assignment]
    detector.pyramid.meet4 = PlainSum()  # type: ignore[assignment]


def _gated_sum(detector: Detector) -> None:
    channels = DetectorConfig().channels
    detector.pyramid.meet8 = GatedSum(2, channels)  # type: ignore[assignment]
    detector.pyramid.meet4 = GatedSum(3, channels)  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Variant:
    """One change to the whole.

    Args:
        what: in the table's words.
        alter: changes the freshly made detector.
        augmentation: what the engine draws.
        without: scans whose names hold one of these are not trained on.
        twin: trained as this other variant, only scored otherwise.
        detector: kind and sizes of the first stage.
        stages: how the two are trained together.
        pretrained: whether encoder and pyramid have first learnt to paint what was hidden.
        first_only: scored by its first stage alone.
    """

    what: str
    alter: Callable[[Detector], None] | None = None
    augmentation: AugmentationConfig = field(default=FULL)
    without: tuple[str, ...] = ()
    twin: str | None = None
    detector: DetectorConfig | RetinaConfig = field(default=DetectorConfig())
    stages: type[TwoStage] = TwoStage
    pretrained: bool = False
    first_only: bool = False

    def build(self) -> TwoStage:
        """Make the networks, freshly initialised."""
        networks = self.stages(self.detector.build(), RefinerConfig().build())
        if self.alter:
            self.alter(networks.detector)
        return networks


VARIANTS = {
    "full": Variant("all parts"),
    "refiner": Variant("without the refiner: first-stage scores", twin="full", first_only=True),
    "retina": Variant(
        "RetinaNet with light heads, by itself",
        detector=RetinaConfig(),
        stages=AnchorStage,
        first_only=True,
    ),
    "attention": Variant("without attention: the map is learnt, amplifies nothing", _watched_only),
    "fusion": Variant("without fusion: stride 8 alone", _one_scale),
    "plain": Variant("fusion: plain feature pyramid", _plain_sum),
    "gated": Variant("fusion: attention-gated", _gated_sum),
    "cubes": Variant("without real cubes", augmentation=replace(FULL, cube_share=0.0)),
    "shapes": Variant(
        "without LIDC shapes", augmentation=replace(FULL, cube_share=1 - FULL.distractor_share)
    ),
    "negatives": Variant("without distractors", augmentation=replace(FULL, distractor_share=0.0)),
    "variation": Variant(
        "scanner, inspiration and pose varied less", augmentation=replace(FULL, variation=0.0)
    ),
    "lungs": Variant(
        "lungs neither turned by any angle, bent nor crossed by others",
        augmentation=replace(
            FULL, rotation_share=0.0, deformation_share=0.0, vessel_overlay_share=0.0
        ),
    ),
    "blobs": Variant("second stage taught on the first one's marks alone", stages=OwnMarksOnly),
    "wide": Variant(
        "first stage half as wide again",
        detector=DetectorConfig(widths=(24, 72, 144, 192), channels=72),
    ),
    "pretrained": Variant("with pretraining by masked reconstruction", pretrained=True),
    "qin": Variant("without the QIN scans", without=("qin",)),
}
