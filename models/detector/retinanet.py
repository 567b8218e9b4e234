"""MONAI's RetinaNet as its Model Zoo bundle ``lung_nodule_ct_detection`` sets it up.

The layers are MONAI's, and so are their names: a bundle's ``model.pt`` fits key by key. Only the
taking of two levels out of the ResNet is written here, since MONAI asks torchvision for it.

Axes are the bundle's, ``[b, 1, x, y, z]`` in RAS; the anchors depend on them.

Source: Lin et al., ICCV 2017 (arXiv 1708.02002); MONAI's ``monai.apps.detection``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from monai.apps.detection.networks.retinanet_detector import RetinaNetDetector
from monai.apps.detection.networks.retinanet_network import RetinaNet
from monai.apps.detection.utils.anchor_utils import AnchorGeneratorWithAnchorShape
from monai.networks.blocks.feature_pyramid_network import FeaturePyramidNetwork, LastLevelMaxPool
from monai.networks.nets.resnet import resnet50
from torch import Tensor, nn

_LEVELS = {"layer1": 256, "layer2": 512}  # channels of what the pyramid is made of
_CHANNELS = 256
_DIVISIBLE = (16, 16, 8)

Triple = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class RetinaNetConfig:
    """What a bundle sets, stored with its weights; lengths are ``(x, y, z)``.

    Args:
        kind: tells these weights from the project's own.
        anchors: edges of the anchors at the first level, voxels.
        scales: of the levels' anchors against the first's.
        spacing_mm: of the voxels that the network expects.
        window_hu: what becomes 0 and 1; values beyond are clipped.
        patch: edges of a window, voxels; multiples of 16, 16 and 8.
        least_score: boxes below it are dropped.
        most_overlap: of the weaker of two boxes that both stay (intersection over union).
    """

    kind: str = "monai-retinanet"
    anchors: tuple[Triple, ...] = ((6, 8, 4), (8, 6, 5), (10, 10, 6))
    scales: tuple[int, ...] = (1, 2, 4)
    spacing_mm: tuple[float, float, float] = (0.703125, 0.703125, 1.25)
    window_hu: tuple[float, float] = (-1024.0, 300.0)
    patch: Triple = (192, 192, 80)
    least_score: float = 0.02
    most_overlap: float = 0.22

    def build(self) -> RetinaNet:
        """Make the network, freshly initialised."""
        return RetinaNet(3, 1, len(self.anchors), _Features(), size_divisible=_DIVISIBLE)

    def to_dict(self) -> dict[str, object]:
        """Return what a model card holds."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what a model card holds, lists in place of tuples."""
        anchors = tuple(tuple(edges) for edges in stored["anchors"])
        plain: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()
        }
        return cls(**{**plain, "anchors": anchors})


class _Features(nn.Module):
    """ResNet-50 up to its refinement stage under a feature pyramid."""

    def __init__(self) -> None:
        super().__init__()
        backbone = resnet50(
            spatial_dims=3, n_input_channels=1, conv1_t_stride=(2, 2, 1), conv1_t_size=(7, 7, 7)
        )
        parts: dict[str, nn.Module] = {}
        for name, part in backbone.named_children():
            parts[name] = part
            if name == list(_LEVELS)[-1]:
                break
        self.body = nn.ModuleDict(parts)
        self.fpn = FeaturePyramidNetwork(
            3, list(_LEVELS.values()), _CHANNELS, extra_blocks=LastLevelMaxPool(3)
        )
        self.out_channels = _CHANNELS

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """``[b, 1, x, y, z]`` to features at strides 4, 8 and 16 in plane."""
        levels: dict[str, Tensor] = {}
        for name, part in self.body.items():
            x = part(x)
            if name in _LEVELS:
                levels[str(len(levels))] = x
        features: dict[str, Tensor] = self.fpn(levels)
        return features


class HeadMaps(nn.Module):
    """A RetinaNet whose maps come as one tuple, logits of all levels first, then boxes."""

    def __init__(self, network: RetinaNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """``[b, 1, x, y, z]``, 0 to 1, to twice three maps."""
        maps = self.network(x)
        return (*maps[self.network.cls_key], *maps[self.network.box_reg_key])


class _Run(nn.Module):
    """What MONAI's detector asks of a network, whatever computes the maps."""

    def __init__(self, run: Callable[[Tensor], tuple[Tensor, ...]], anchors: int) -> None:
        super().__init__()
        self.run, self.num_anchors = run, anchors
        self.spatial_dims, self.num_classes, self.size_divisible = 3, 1, _DIVISIBLE
        self.cls_key, self.box_reg_key = "classification", "box_regression"

    def forward(self, x: Tensor) -> dict[str, list[Tensor]]:
        maps = list(self.run(x))
        half = len(maps) // 2
        return {self.cls_key: maps[:half], self.box_reg_key: maps[half:]}


def find_boxes(
    image: Tensor, run: Callable[[Tensor], tuple[Tensor, ...]], config: RetinaNetConfig
) -> tuple[Tensor, Tensor]:
    """Find boxes in a whole image by windows, as the bundle does.

    Args:
        image: ``[x, y, z]``, 0 to 1, on the grid that the network expects.
        run: makes ``HeadMaps`` of one window ``[1, 1, *patch]``.
        config: the bundle's settings.

    Returns:
        ``[n, 6]`` corners (x, y, z, x, y, z) in voxels, and ``[n]`` scores, 0 to 1.
    """
    network = _Run(run, len(config.anchors))
    anchors = AnchorGeneratorWithAnchorShape(config.scales, [list(a) for a in config.anchors])
    detector = RetinaNetDetector(network, anchors).eval()
    detector.set_box_selector_parameters(
        score_thresh=config.least_score,
        topk_candidates_per_level=1000,
        nms_thresh=config.most_overlap,
        detections_per_img=300,
    )
    detector.set_sliding_window_inferer(config.patch, overlap=0.25, sw_batch_size=1)
    with torch.no_grad():
        boxes: dict[str, Any] = detector([image[None]], use_inferer=True)[0]
    return boxes[detector.target_box_key], boxes[detector.pred_score_key]
