"""OpenVINO says what torch says, at every shape, and reports to nobody."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.runtime.conversion import convert_detector, convert_refiner
from models.runtime.networks import Networks
from models.runtime.of_modules import networks_of
from models.runtime.openvino_cpu import OneByOne, OpenVinoNetwork
from models.runtime.torch_device import torch_networks

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def both() -> tuple[Networks, Networks]:
    """The same small networks by torch and by OpenVINO, with attention over a neighbourhood."""
    torch.manual_seed(0)
    config = DetectorConfig(widths=(8, 8, 8, 8), channels=8, local_attention=True)
    refiner = RefinerConfig(widths=(8, 8, 8), own_classifier=True).build().eval()
    detector = config.build().eval()
    return torch_networks(detector, refiner, device=CPU), networks_of(detector, refiner)


@pytest.mark.parametrize("shape", [(64, 64, 64), (112, 96, 128), (64, 64, 64)])
def test_a_box_of_any_shape_gives_the_same_map(
    both: tuple[Networks, Networks], shape: tuple[int, int, int]
) -> None:
    image = np.random.default_rng(1).random((1, 1, *shape), np.float32)
    by_torch, by_openvino = (networks.first(image)[0] for networks in both)
    assert by_torch.shape == (1, 6, *(n // 4 for n in shape))
    np.testing.assert_allclose(by_openvino, by_torch, atol=1e-3, rtol=1e-3)


def test_candidates_get_the_same_features_and_outline(both: tuple[Networks, Networks]) -> None:
    draw = np.random.default_rng(2)
    crops = [draw.random((3, 1, 32, 32, 32), np.float32) for _ in range(2)]
    extents = np.array([24.0, 40.0, 96.0], np.float32)
    networks_of = [networks.refinement for networks in both]
    features = [stage.classifier_features(*crops, extents) for stage in networks_of]
    outlines = [stage.outlining(*crops, extents) for stage in networks_of]
    np.testing.assert_allclose(*features, atol=1e-3, rtol=1e-3)
    np.testing.assert_allclose(outlines[0].features, outlines[1].features, atol=1e-3, rtol=1e-3)
    np.testing.assert_allclose(outlines[0].mask_logits, outlines[1].mask_logits, atol=1e-3)
    assert outlines[0].mask_logits.shape == (3, 1, 32, 32, 32)


def test_compiled_once_a_box_of_any_size_gives_the_same_map() -> None:
    torch.manual_seed(0)
    config = DetectorConfig(widths=(8, 8, 8, 8), channels=8, local_attention=True)
    file = convert_detector(config.build().eval())
    once, each = OpenVinoNetwork(file, any_size=True), OpenVinoNetwork(file)
    once.compile((1, 1, 64, 64, 64))
    draw = np.random.default_rng(1)
    small, large = (draw.random((1, 1, n, 64, 80), np.float32) for n in (64, 96))
    alone = OpenVinoNetwork(file, any_size=True)(small)[0]
    np.testing.assert_allclose(once(large)[0], each(large)[0], atol=1e-4, rtol=1e-4)
    after = once(small)[0]
    np.testing.assert_array_equal(after, alone)  # whatever came before
    np.testing.assert_allclose(after, each(small)[0], atol=1e-4, rtol=1e-4)


def test_an_image_is_shared_and_never_written() -> None:
    torch.manual_seed(0)
    network = OpenVinoNetwork(convert_detector(DetectorConfig(widths=(8,) * 4).build().eval()))
    images = np.random.default_rng(3).random((2, 1, 1, 64, 64, 64), np.float32)
    first, second = (image.copy() for image in images)
    expected = [network(image.copy())[0] for image in images]
    after_first = network(first)[0]
    second.flags.writeable = False  # OpenVINO copies it: not into what it shared before
    np.testing.assert_array_equal(network(second)[0], expected[1])
    np.testing.assert_array_equal(np.stack([first, second]), images)
    reversed_twice = np.ascontiguousarray(first[..., ::-1])[..., ::-1]
    np.testing.assert_array_equal(network(reversed_twice)[0], expected[0])
    first[:] = 0  # maps are no views of what was shared
    np.testing.assert_array_equal(after_first, expected[0])


def test_what_is_said_of_a_candidate_depends_on_no_other() -> None:
    torch.manual_seed(0)
    refiner = RefinerConfig(widths=(8, 8, 8), own_classifier=True).build().eval()
    classifier = OneByOne(OpenVinoNetwork(convert_refiner(refiner)[0]))
    draw = np.random.default_rng(2)
    near, context = (draw.random((7, 1, 32, 32, 32), np.float32) for _ in range(2))
    extents = np.linspace(24, 96, 7, dtype=np.float32)
    (together,) = classifier(near, context, extents)
    for index in range(7):
        row = slice(index, index + 1)
        (alone,) = classifier(near[row], context[row], extents[row])
        np.testing.assert_array_equal(together[row], alone)


def test_openvino_reports_to_nobody() -> None:
    code = (
        "import sys, multiprocessing, models.runtime.openvino_cpu;"
        "assert not [m for m in sys.modules if m.startswith('openvino_telemetry.')];"
        "assert not multiprocessing.active_children()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
