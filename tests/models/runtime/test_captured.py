"""What torch runs on a GPU: folding changes no answer, and neither does a captured pass."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from models.detector.detector import DetectorConfig
from models.runtime.captured import CapturedCall, fold_batch_norms


def _detector() -> nn.Module:
    torch.manual_seed(3)
    detector = DetectorConfig(widths=(8, 8, 16, 16), channels=8, local_attention=True).build()
    for module in detector.modules():  # running means and variances of a trained network
        if isinstance(module, nn.BatchNorm3d):
            assert module.running_mean is not None and module.running_var is not None
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return detector.eval()


def test_a_folded_network_has_no_batch_norm_left_and_says_the_same() -> None:
    whole = _detector()
    folded = copy.deepcopy(whole)
    fold_batch_norms(folded)
    x = torch.randn(1, 1, 64, 64, 64)
    with torch.no_grad():
        wanted, got = whole(x), folded(x)
    assert not any(isinstance(m, nn.BatchNorm3d) for m in folded.modules())
    assert (wanted - got).abs().max() < 1e-4 * wanted.abs().max()
    assert any(isinstance(m, nn.BatchNorm3d) for m in whole.modules())


def test_a_graph_is_made_of_a_shape_that_comes_a_third_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graphs: list[int] = []

    def capture(call: CapturedCall, x: torch.Tensor) -> None:
        graphs.append(len(x))
        vars(call).update(_input=x.clone(), _graph=Graph())

    class Graph:
        def replay(self) -> None:
            pass

    monkeypatch.setattr(CapturedCall, "_capture", capture)
    call = CapturedCall(lambda x: (x + 1,))
    made = []
    for length in (4, 4, 5, 5, 4, 4, 4, 4):
        call(torch.zeros(length))
        made.append(len(graphs))
    assert made == [0, 0, 0, 0, 0, 0, 1, 1]
    assert graphs == [4]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_captured_pass_says_what_the_plain_one_says_for_each_new_input() -> None:
    detector = _detector().cuda()
    call = CapturedCall(lambda x: (detector(x),))
    with torch.inference_mode():
        for edge in (64, 64, 64, 64, 80, 80, 80, 64):
            x = torch.randn(1, 1, edge, edge, edge, device="cuda")
            assert torch.allclose(call(x)[0], detector(x), atol=1e-4)
