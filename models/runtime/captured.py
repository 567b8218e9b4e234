"""A network on a GPU without the cost of starting its kernels one by one.

A CUDA graph holds every kernel of one pass with the places of its data; to replay it is one call.
It fits one shape only, and to make it costs more than a pass, so it is made when a shape comes for
the third time: windows of one size, or the same CT again. A box of lungs that comes once, in two
views, runs as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norms(network: nn.Module) -> None:
    """Put each batch norm into the convolution before it, in place: one pass less over the map.

    Args:
        network: in evaluation mode, of MONAI's ``Convolution`` blocks.
    """
    for block in list(network.modules()):
        convolution, after = getattr(block, "conv", None), getattr(block, "adn", None)
        if not isinstance(convolution, nn.Conv3d) or not isinstance(after, nn.Module):
            continue
        norm = getattr(after, "N", None)
        if isinstance(norm, nn.BatchNorm3d):
            block.conv = fuse_conv_bn_eval(convolution, norm)
            after.N = nn.Identity()


_PLAIN_TIMES = 2  # that a shape comes before it is worth a graph


class CapturedCall:
    """Run a call as it is for a new shape, and from a CUDA graph when the shape keeps coming.

    Args:
        call: makes tensors of one on a GPU; they are overwritten by the next call.
    """

    def __init__(self, call: Callable[[Tensor], tuple[Tensor, ...]]) -> None:
        self._call = call
        self._shape: torch.Size | None = None
        self._times = 0  # that this shape came
        self._graph: torch.cuda.CUDAGraph | None = None
        self._input = torch.zeros(0)
        self._output: tuple[Tensor, ...] = ()

    def __call__(self, x: Tensor) -> tuple[Tensor, ...]:
        """Run."""
        if x.shape != self._shape:
            self._graph, self._shape = None, x.shape
            self._input, self._output = torch.zeros(0), ()  # memory of a shape that is gone
            self._times = 0
        self._times += 1
        if self._times <= _PLAIN_TIMES:
            return self._call(x)
        if self._graph is None:
            self._capture(x)
        self._input.copy_(x)
        if self._graph is not None:
            self._graph.replay()
        return self._output

    def _capture(self, x: Tensor) -> None:
        self._input = x.clone()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._output = self._call(self._input)
        self._graph = graph
