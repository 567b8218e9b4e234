"""Another design for the first stage: MONAI's anchor-based RetinaNet with light heads.

The project's encoder, MONAI's feature pyramid on strides 4, 8 and 16, and heads of two convolutions
where MONAI has four: about as many weights as the centre heat-map's network. Boxes are cubes around
a nodule's centre whose edge is its diameter, in voxels of 1 mm and corners at voxel faces: voxel
``i`` spans ``i`` to ``i + 1``. Anchors, matcher (ATSS, Zhang et al., arXiv 1912.02424), box coder
and hard-negative sampling are MONAI's with the settings of its LUNA16 recipe; torchvision, which
MONAI's own training step asks for, is not needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from monai.apps.detection.networks.retinanet_detector import RetinaNetDetector
from monai.apps.detection.networks.retinanet_network import RetinaNet
from monai.apps.detection.utils.anchor_utils import AnchorGeneratorWithAnchorShape
from monai.networks.blocks.feature_pyramid_network import FeaturePyramidNetwork
from torch import Tensor, nn

from models.detector.detector import Encoder
from models.detector.refiner import Refiner
from models.training.two_stage import Batch, TwoStage
from tests.benchmarks.ablations.strongest import strongest_box

EDGES_MM = (4, 6)  # of the anchors at stride 4; twice and four times as long at strides 8 and 16
SCALES = (1, 2, 4)
MIN_SIZE = 16  # inputs are multiples of it
_HEAD_CONVOLUTIONS = 2
_LAYERS_A_CONVOLUTION = 3  # with its norm and activation
_JUDGE_SHARE = 0.5  # of the loss that judges anchors, beside that of the boxes


@dataclass(frozen=True, slots=True)
class RetinaConfig:
    """Sizes of a RetinaNet; by default the encoder is as wide as ``DetectorConfig``'s."""

    widths: tuple[int, int, int, int] = (16, 48, 96, 128)
    channels: int = 48

    def build(self) -> AnchorDetector:
        """Make the network, freshly initialised."""
        return AnchorDetector(self)


class Features(nn.Module):
    """The project's encoder under MONAI's feature pyramid."""

    def __init__(self, config: RetinaConfig) -> None:
        super().__init__()
        self.out_channels = config.channels
        self.encoder = Encoder(config.widths)
        self.pyramid = FeaturePyramidNetwork(3, list(config.widths[1:]), config.channels)

    def forward(self, x: Tensor) -> list[Tensor]:
        """``[b, 1, z, y, x]`` to ``channels`` features at strides 4, 8 and 16."""
        deep = dict(zip("abc", self.encoder(x)[1:], strict=True))
        return list(self.pyramid(deep).values())


class AnchorDetector(RetinaNetDetector):  # type: ignore[misc]
    """RetinaNet with the output contract of ``models.detector.detector``.

    Args:
        config: sizes.
    """

    def __init__(self, config: RetinaConfig) -> None:
        network = RetinaNet(3, 1, len(EDGES_MM), Features(config), size_divisible=MIN_SIZE)
        for head in (network.classification_head, network.regression_head):
            head.conv = head.conv[: _HEAD_CONVOLUTIONS * _LAYERS_A_CONVOLUTION]
        anchors = AnchorGeneratorWithAnchorShape(SCALES, [(edge,) * 3 for edge in EDGES_MM])
        super().__init__(network, anchors)
        self.set_atss_matcher(num_candidates=4, center_in_gt=False)
        self.set_hard_negative_sampler(
            batch_size_per_image=64, positive_fraction=0.3, min_neg=16, pool_size=20
        )

    def forward(self, image: Tensor) -> Tensor:
        """``[b, 1, z, y, x]`` normalised, 1 mm, to ``[b, 6, z/4, y/4, x/4]``, see ``read_maps``."""
        return self.read_maps(self.maps(image), image)

    def maps(self, image: Tensor) -> list[Tensor]:
        """What the heads say at each stride: logits of all anchors, then their boxes' codes."""
        output = self.network(image)
        both = zip(output[self.cls_key], output[self.box_reg_key], strict=True)
        return [torch.cat(level, 1).float() for level in both]

    def read_maps(self, maps: list[Tensor], image: Tensor) -> Tensor:
        """Decode all anchors and put the strongest box of each cell of stride 4 there.

        Args:
            maps: as ``maps`` gives them, also of a scan read window by window.
            image: ``[b, 1, z, y, x]`` that they belong to; only its shape is read.
        """
        logits, codes, anchors, _ = self._flat(maps, image)
        boxes = torch.stack([self.box_coder.decode_single(each, anchors) for each in codes])
        return strongest_box(logits[..., 0], boxes, size=tuple(image.shape[2:]))

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted losses of MONAI's training step by name."""
        logits, codes, anchors, places = self._flat(self.maps(batch.image), batch.image)
        output = {self.cls_key: logits, self.box_reg_key: codes}
        parts = self.compute_loss(output, box_targets(batch), [anchors] * len(logits), places)
        return {
            "anchors": _JUDGE_SHARE * parts[self.cls_key],
            "boxes": parts[self.box_reg_key].to(logits.device),
        }

    def compute_anchor_matched_idxs(
        self, anchors: list[Tensor], targets: list[dict[str, Tensor]], places: list[int]
    ) -> list[Tensor]:
        """As MONAI's, which asks torchvision for a class; anchors at ignore regions count not.

        Args:
            anchors: ``[a, 6]`` of each patch.
            targets: of each patch, see ``box_targets``.
            places: anchor places at each stride.

        Returns:
            ``[a]`` for each patch: index of the nodule, -1 none, -2 left out of the loss.
        """
        matcher = self.proposal_matcher
        matched = []
        for anchor, target in zip(anchors, targets, strict=True):
            index = torch.full((len(anchor),), matcher.BELOW_LOW_THRESHOLD, device=anchor.device)
            if len(target["boxes"]):
                _, index = matcher(target["boxes"], anchor, places, len(EDGES_MM))
            middle = ((anchor[:, :3] + anchor[:, 3:]) / 2)[:, None]
            low, high = target["doubtful"].split(3, dim=1)
            ignore_regions = ((middle > low) & (middle < high)).all(-1).any(1)
            index[ignore_regions & (index < 0)] = matcher.BETWEEN_THRESHOLDS
            matched.append(index)
        return matched

    def _flat(self, maps: list[Tensor], image: Tensor) -> tuple[Tensor, Tensor, Tensor, list[int]]:
        """Logits ``[b, a, 1]``, codes ``[b, a, 6]``, anchors ``[a, 6]`` and places a stride."""
        split = [level.split((len(EDGES_MM), level.shape[1] - len(EDGES_MM)), 1) for level in maps]
        logits, codes = (self._reshape_maps(list(part)) for part in zip(*split, strict=True))
        anchors = self.anchor_generator(image, maps)[0]
        return logits, codes, anchors, [level.shape[2:].numel() for level in maps]


def box_targets(batch: Batch) -> list[dict[str, Tensor]]:
    """Boxes of each patch as MONAI wants them.

    ``ignore_regions`` are those where nobody knows, as wide as the centre heat-map leaves out of
    its loss (``models.detector.losses``).
    """
    cubes = _cubes(batch.centers, batch.diameters_mm.clamp(min=1.0))
    wide = _cubes(batch.centers, 2 * (0.75 * batch.diameters_mm + 4.0))
    rows = zip(cubes, wide, batch.valid, batch.ignore_regions, strict=True)
    return [
        {
            "boxes": cube[valid],
            "labels": torch.zeros(len(cube[valid]), dtype=torch.long, device=cube.device),
            "doubtful": around[ignore_regions],
        }
        for cube, around, valid, ignore_regions in rows
    ]


def _cubes(centers_voxel: Tensor, edges_mm: Tensor) -> Tensor:
    middle, half = centers_voxel + 0.5, edges_mm[..., None] / 2
    return torch.cat([middle - half, middle + half], -1)


class AnchorStage(TwoStage):
    """A RetinaNet trained alone: what would be the second stage is dropped."""

    def __init__(self, detector: Any, refiner: Refiner) -> None:
        del refiner
        super().__init__(detector, nn.Identity())  # type: ignore[arg-type]

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted losses of the only stage by name."""
        parts: dict[str, Tensor] = self.detector.losses(batch)  # type: ignore[operator]
        return parts
