from __future__ import annotations

import copy
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.apps.detection.networks.retinanet_detector import RetinaNetDetector
from monai.apps.detection.networks.retinanet_network import RetinaNet
from monai.apps.detection.utils.anchor_utils import AnchorGeneratorWithAnchorShape

from models.detector.retinanet import HeadMaps, RetinaNetConfig, find_boxes
from models.zoo.monai_bundle import BundleError, is_bundle, read_bundle
from tests.models.zoo.bundles import INFERENCE, monai_network, write_bundle, zip_bundle

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def network() -> RetinaNet:
    return monai_network()


@pytest.fixture(scope="module")
def bundle(network: RetinaNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo") / "lung_nodule_ct_detection"
    return write_bundle(folder, network.state_dict())


@pytest.mark.parametrize("packed", [False, True])
def test_its_maps_are_those_of_monais_own_network(
    network: RetinaNet, bundle: Path, packed: bool, tmp_path: Path
) -> None:
    path = zip_bundle(bundle, tmp_path / "bundle.zip") if packed else bundle
    assert is_bundle(path)
    read = read_bundle(path)
    rebuilt = read.config.build().eval()
    rebuilt.load_state_dict(read.state)
    image = torch.rand(1, 1, 48, 32, 24)
    with torch.no_grad():
        original_maps, rebuilt_maps = HeadMaps(network)(image), HeadMaps(rebuilt)(image)
    assert len(rebuilt_maps) == 6
    for expected, got in zip(original_maps, rebuilt_maps, strict=True):
        assert torch.equal(expected, got)


def test_its_boxes_are_those_of_monais_own_detector(network: RetinaNet) -> None:
    config = RetinaNetConfig(patch=(48, 48, 24), least_score=0.005)
    anchors = AnchorGeneratorWithAnchorShape((1, 2, 4), ((6, 8, 4), (8, 6, 5), (10, 10, 6)))
    detector = RetinaNetDetector(network, anchors).eval()
    detector.set_target_keys(box_key="box", label_key="label")
    detector.set_box_selector_parameters(0.005, 1000, 0.22, 300)
    detector.set_sliding_window_inferer(roi_size=(48, 48, 24), overlap=0.25, mode="constant")
    image = torch.rand(60, 52, 30)
    with torch.no_grad():
        expected = detector([image[None]], use_inferer=True)[0]
    boxes, scores = find_boxes(image, HeadMaps(network), config)
    assert len(scores) > 10
    assert torch.equal(boxes, expected["box"])
    assert torch.equal(scores, expected["label_scores"])


def test_settings_are_read_as_data(network: RetinaNet, tmp_path: Path) -> None:
    inference = copy.deepcopy(INFERENCE)
    inference["anchor_generator"]["base_anchor_shapes"][0] = [5, 5, 3]
    inference["detector_ops"][1] = "$@d.set_parameters(score_thresh=0.1, nms_thresh=.3)"
    inference["preprocessing"]["transforms"][2]["pixdim"] = [0.8, 0.8, 1.0]
    inference["preprocessing"]["transforms"][3]["a_max"] = 500.0
    inference["imports"] = [f"$open({str(tmp_path / 'ran')!r}, 'w')"]
    read = read_bundle(write_bundle(tmp_path / "b", network.state_dict(), inference=inference))
    assert read.config.anchors[0] == (5, 5, 3)
    assert read.config.spacing_mm == (0.8, 0.8, 1.0)
    assert read.config.window_hu == (-1024.0, 500.0)
    assert (read.config.least_score, read.config.most_overlap) == (0.1, 0.3)
    assert not (tmp_path / "ran").exists()
    assert RetinaNetConfig.from_dict(read.config.to_dict()) == read.config


class _Evil:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.file}",)


def test_code_in_the_weights_is_not_run(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b", {"conv1.weight": _Evil(tmp_path / "ran")})
    with pytest.raises(BundleError, match="more than tensors"):
        read_bundle(folder)
    assert not (tmp_path / "ran").exists()


def test_other_networks_are_refused(network: RetinaNet, tmp_path: Path) -> None:
    state = {n: v for n, v in network.state_dict().items() if "layer2" not in n}
    with pytest.raises(BundleError, match="ResNet-50"):
        read_bundle(write_bundle(tmp_path / "b", state))


def test_values_that_are_no_numbers_are_refused(network: RetinaNet, tmp_path: Path) -> None:
    state = {n: v.clone() for n, v in network.state_dict().items()}
    state["classification_head.cls_logits.bias"][0] = float("nan")
    with pytest.raises(BundleError, match="no numbers"):
        read_bundle(write_bundle(tmp_path / "b", {"model": state}))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("preprocessing", "transforms", 2, "pixdim"), [0.0, 0.7, 1.25]),
        (("preprocessing", "transforms", 2, "pixdim"), [0.7, 1.25]),
        (("preprocessing", "transforms", 1, "axcodes"), "LPS"),
        (("preprocessing", "transforms", 3, "a_min"), 900.0),
        (("anchor_generator", "base_anchor_shapes"), [[6, 8, 4]]),
        (("anchor_generator", "feature_map_scales"), "abc"),
        (("preprocessing",), "none"),
    ],
)
def test_settings_that_no_such_bundle_has_are_refused(
    network: RetinaNet, tmp_path: Path, place: tuple[str | int, ...], value: object
) -> None:
    inference: Any = copy.deepcopy(INFERENCE)
    part = inference
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    folder = write_bundle(tmp_path / "b", network.state_dict(), inference=inference)
    with pytest.raises(BundleError, match="settings"):
        read_bundle(folder)


def test_without_metadata_it_is_incomplete(network: RetinaNet, tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b", network.state_dict(), with_weights=False)
    with pytest.raises(BundleError, match=r"metadata\.json is missing"):
        read_bundle(folder)


def test_what_is_no_zip_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK nothing")
    assert not is_bundle(tmp_path / "x.zip")
    with pytest.raises(BundleError, match="cannot be read"):
        read_bundle(tmp_path / "x.zip")


def test_a_damaged_zip_is_refused(bundle: Path, tmp_path: Path) -> None:
    file = zip_bundle(bundle, tmp_path / "b.zip")
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        where = archive.getinfo("lung_nodule_ct_detection/models/model.pt").header_offset + 5000
    content[where : where + 64] = bytes(64)
    file.write_bytes(content)
    with pytest.raises(BundleError):
        read_bundle(file)
