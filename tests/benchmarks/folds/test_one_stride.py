"""A first stage without fusion reads stride 8 and nothing else."""

from __future__ import annotations

import torch

from tests.benchmarks.folds.one_stride import build_one_stride, is_one_stride
from tests.medical.training.test_compress import RECIPE


def test_deeper_and_finer_maps_do_not_reach_the_heads() -> None:
    torch.manual_seed(0)
    networks = build_one_stride(RECIPE).eval()
    assert is_one_stride(networks.state_dict())
    fused = RECIPE.detector.build().eval()
    assert not is_one_stride({f"detector.{name}": w for name, w in fused.state_dict().items()})
    image = torch.randn(1, 1, 64, 64, 64)
    for network, deep_counts in ((networks.detector, False), (fused, True)):
        with torch.no_grad():
            before = network(image)
            for weight in network.encoder.stage16.parameters():
                weight.mul_(1.5)
            assert before.shape == (1, 6, 16, 16, 16)
            assert torch.equal(before, network(image)) is not deep_counts
