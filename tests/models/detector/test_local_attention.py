"""A place is read alike in a patch and in a whole scan."""

from __future__ import annotations

import pytest
import torch

from models.detector.blocks import LocalChannelAttention
from models.detector.detector import DetectorConfig

SMALL = DetectorConfig(widths=(4, 8, 16, 16), channels=8)
# beyond the receptive field of stride 16's last stage, both neighbourhoods included
_REACH_CELLS = 40


def difference(config: DetectorConfig) -> float:
    """How far two answers about the middle differ when the far surroundings change."""
    torch.manual_seed(0)
    network = config.build().eval()
    with torch.no_grad():  # weights of one that has learnt something: sums differ, not only signs
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    whole = torch.randn(1, 1, 64, 64, 640)
    changed = whole.clone()
    changed[..., 480:] = 1.0
    with torch.no_grad():
        before, after = network(whole), network(changed)
    return float((before - after)[..., : 480 // 4 - _REACH_CELLS].abs().max())


def test_local_attention_does_not_see_what_is_far_away() -> None:
    local = DetectorConfig(widths=SMALL.widths, channels=SMALL.channels, local_attention=True)
    assert difference(local) == 0.0


def test_attention_over_all_sees_it() -> None:
    assert difference(SMALL) > 0.0


def test_neighbourhood_without_a_middle_is_refused() -> None:
    with pytest.raises(ValueError, match="odd"):
        LocalChannelAttention(8, cells=4)


def test_edges_average_what_there_is() -> None:
    attention = LocalChannelAttention(8, cells=3)
    even = torch.ones(1, 8, 4, 4, 4)
    out = attention(even)
    assert torch.allclose(out, out[..., :1, :1, :1].expand_as(out))
