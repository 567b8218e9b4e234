"""Bundles of the real layout, with random weights in MONAI's own network."""

from __future__ import annotations

import json
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch
from monai.apps.detection.networks import retinanet_network
from monai.apps.detection.networks.retinanet_network import RetinaNet
from monai.networks.blocks import backbone_fpn_utils
from monai.networks.nets.resnet import resnet50
from torch import Tensor, nn

INFERENCE: dict[str, Any] = {
    "imports": ["$import glob"],
    "anchor_generator": {
        "_target_": "monai.apps.detection.utils.anchor_utils.AnchorGeneratorWithAnchorShape",
        "feature_map_scales": [1, 2, 4],
        "base_anchor_shapes": [[6, 8, 4], [8, 6, 5], [10, 10, 6]],
    },
    "detector_ops": [
        "$@detector.set_target_keys(box_key='box', label_key='label')",
        "$@detector.set_box_selector_parameters(score_thresh=0.02,topk_candidates_per_level=1000,"
        "nms_thresh=0.22,detections_per_img=300)",
    ],
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "LoadImaged", "keys": "image"},
            {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
            {"_target_": "Spacingd", "keys": "image", "pixdim": [0.703125, 0.703125, 1.25]},
            {
                "_target_": "ScaleIntensityRanged",
                "keys": "image",
                "a_min": -1024.0,
                "a_max": 300.0,
                "b_min": 0.0,
                "b_max": 1.0,
                "clip": True,
            },
        ],
    },
}


class _Getter(nn.ModuleDict):
    """Does what torchvision's ``IntermediateLayerGetter`` does, which MONAI asks for."""

    def __init__(self, model: nn.Module, return_layers: dict[str, str]) -> None:
        wanted, parts = dict(return_layers), OrderedDict[str, nn.Module]()
        for name, part in model.named_children():
            parts[name] = part
            wanted.pop(name, None)
            if not wanted:
                break
        super().__init__(parts)
        self.return_layers = return_layers

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        out = OrderedDict[str, Tensor]()
        for name, part in self.items():
            x = part(x)
            if name in self.return_layers:
                out[self.return_layers[name]] = x
        return out


def monai_network(seed: int = 0) -> RetinaNet:
    """MONAI's own network as the bundle's configuration builds it, randomly initialised."""
    torch.manual_seed(seed)
    models = SimpleNamespace(_utils=SimpleNamespace(IntermediateLayerGetter=_Getter))
    with (
        mock.patch.object(backbone_fpn_utils, "torchvision_models", models),
        mock.patch.object(retinanet_network, "_validate_trainable_layers", lambda *_, **__: 5),
    ):
        backbone = resnet50(
            spatial_dims=3, n_input_channels=1, conv1_t_stride=[2, 2, 1], conv1_t_size=[7, 7, 7]
        )
        features = retinanet_network.resnet_fpn_feature_extractor(backbone, 3, False, [1, 2], None)
    network = RetinaNet(3, 1, 3, features, size_divisible=[16, 16, 8])
    for name, values in network.named_buffers():  # as after a training
        if name.endswith("running_mean"):
            values.normal_(0, 0.1)
        elif name.endswith("running_var"):
            values.uniform_(0.5, 1.5)
    return network.eval()


def write_bundle(
    folder: Path,
    state: object,
    *,
    inference: dict[str, Any] | None = None,
    with_weights: bool = True,
) -> Path:
    """Write a bundle's folder; ``kept`` false leaves its metadata out."""
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    torch.save(state, folder / "models" / "model.pt")
    (folder / "configs" / "inference.json").write_text(json.dumps(inference or INFERENCE))
    if with_weights:
        metadata = {"version": "0.6.9", "copyright": "Copyright (c) MONAI Consortium"}
        (folder / "configs" / "metadata.json").write_text(json.dumps(metadata))
    return folder


def zip_bundle(folder: Path, file: Path) -> Path:
    """Pack a bundle with its folder's name before all, as it is downloaded."""
    with zipfile.ZipFile(file, "w") as archive:
        for part in sorted(folder.rglob("*")):
            archive.write(part, part.relative_to(folder.parent))
    return file
