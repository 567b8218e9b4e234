from __future__ import annotations

import pytest
import torch

from models.compression.pruning import (
    ROUND_TO,
    SHARES,
    ConvolutionCosts,
    channel_groups,
    choose_shares,
    count_channels,
    measure_sensitivity,
    prune,
)
from models.compression.shapes import resize_to_weights
from models.detector.detector import Detector, DetectorConfig

CONFIG = DetectorConfig(widths=(16, 24, 32, 32), channels=16, local_attention=True)
IMAGE = torch.randn(1, 1, 64, 64, 64, generator=torch.Generator().manual_seed(2))
ATTENTION_FUSED = "encoder.stage8.0.shortcut.conv"  # a group of five layers that meet in sums


@pytest.fixture(scope="module")
def detector() -> Detector:
    torch.manual_seed(0)
    made = CONFIG.build().eval()
    made(IMAGE).square().mean().backward()
    return made


def answer(network: Detector) -> torch.Tensor:
    with torch.no_grad():
        return network(IMAGE)


def test_a_pruned_detector_keeps_multiples_of_eight_and_its_outputs_shape(
    detector: Detector,
) -> None:
    groups = channel_groups(detector)
    smaller = prune(detector, groups, {group.name: 0.5 for group in groups})
    widths = {m.out_channels for m in smaller.modules() if isinstance(m, torch.nn.Conv3d)}
    assert answer(smaller).shape == answer(detector).shape
    assert all(width % ROUND_TO == 0 for width in widths - {1, 3, 4})
    assert count_channels(smaller) < 0.8 * count_channels(detector)
    assert count_channels(detector) == count_channels(CONFIG.build())


def test_channels_that_say_nothing_go_first_and_are_not_missed() -> None:
    torch.manual_seed(1)
    detector = CONFIG.build().eval()
    norm = detector.get_submodule("encoder.stage16.0.body.0.adn.N")
    with torch.no_grad():
        norm.weight[:16] = 0
        norm.bias[:16] = 0
    before = answer(detector)
    detector(IMAGE).square().mean().backward()
    groups = {group.name: group for group in channel_groups(detector)}
    group = groups["encoder.stage16.0.body.0.conv"]
    assert set(group.order[:16]) == set(range(16))
    smaller = prune(detector, list(groups.values()), {group.name: 0.5})
    torch.testing.assert_close(answer(smaller), before, atol=1e-5, rtol=1e-4)


def test_measuring_leaves_the_detector_as_it_was(detector: Detector) -> None:
    before, groups = answer(detector), channel_groups(detector)

    def apart(network: Detector) -> float:
        return float((answer(network) - before).abs().mean())

    some = [group for group in groups if group.name == ATTENTION_FUSED]
    table = measure_sensitivity(detector, some, apart)
    assert apart(detector) == 0
    assert len(table[ATTENTION_FUSED]) == len(SHARES)
    assert min(table[ATTENTION_FUSED]) > 0


def test_the_share_chosen_costs_what_was_asked_and_spares_what_hurts(detector: Detector) -> None:
    groups = channel_groups(detector)
    hurts = "pyramid.up2.conv"
    harm = {
        group.name: [1e3 * share if group.name == hurts else share for share in SHARES]
        for group in groups
    }
    shares = choose_shares(detector, groups, harm, cost=0.7)
    smaller, whole = prune(detector, groups, shares), ConvolutionCosts.of(detector)
    left = ConvolutionCosts.of(smaller)
    cost = 0.9 * left.multiplications / whole.multiplications + 0.1 * left.weights / whole.weights
    assert 0.4 < cost <= 0.7
    assert shares[hurts] == 0
    with pytest.raises(ValueError, match="no shares"):
        choose_shares(detector, groups, harm, cost=0.01)


def test_a_pruned_detector_is_built_again_from_its_weights(detector: Detector) -> None:
    groups = channel_groups(detector)
    smaller = prune(detector, groups, {group.name: 0.5 for group in groups})
    again = CONFIG.build()
    resize_to_weights(again, smaller.state_dict())
    again.load_state_dict(smaller.state_dict())
    torch.testing.assert_close(answer(again.eval()), answer(smaller))


def test_importance_without_gradients_is_refused() -> None:
    with pytest.raises(ValueError, match="gradients"):
        channel_groups(CONFIG.build())


def test_a_kernel_of_another_size_is_refused(detector: Detector) -> None:
    weights = dict(detector.state_dict())
    weights["encoder.stem.conv.weight"] = torch.zeros(16, 1, 5, 5, 5)
    with pytest.raises(ValueError, match=r"encoder\.stem\.conv"):
        resize_to_weights(CONFIG.build(), weights)
