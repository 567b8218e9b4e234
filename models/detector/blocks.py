"""The two blocks of the networks, on MONAI's ``Convolution`` and squeeze-excitation."""

from __future__ import annotations

import torch
from monai.networks.blocks import ChannelSELayer, Convolution
from torch import Tensor, nn
from torch.nn import functional


def conv(
    in_channels: int, out_channels: int, *, kernel: int = 3, stride: int = 1, act: bool = True
) -> nn.Module:
    """3D convolution, batch norm and (with ``act``) ReLU; padding keeps ``size / stride``."""
    block: nn.Module = Convolution(
        3,
        in_channels,
        out_channels,
        kernel_size=kernel,
        strides=stride,
        norm="BATCH",
        act=("RELU", {"inplace": True}) if act else None,
        adn_ordering="NA",
        bias=False,
    )
    return block


class LocalChannelAttention(nn.Module):
    """Squeeze-excitation that averages over the neighbourhood of each cell, not over all it sees.

    A network trained on patches then says the same of a place in a whole scan; with the mean over
    the volume (Hu et al., arXiv 1709.01507) its answer depends on how much was put in at once.

    Args:
        channels: of the features.
        cells: edge of the neighbourhood, odd.
    """

    def __init__(self, channels: int, *, cells: int) -> None:
        super().__init__()
        if cells < 1 or cells % 2 == 0:
            raise ValueError(f"cells must be odd and positive, got {cells}")
        self.cells = cells
        self.squeeze = nn.Conv3d(channels, channels // 8, kernel_size=1)
        self.excite = nn.Conv3d(channels // 8, channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """``[b, c, z, y, x]``, at least ``cells`` along each axis, weighted by 0 to 1."""
        mean = x
        for axis in range(3):  # one axis at a time: a box is separable
            edge = [1, 1, 1]
            edge[axis] = self.cells
            pad = [size // 2 for size in edge]
            mean = functional.avg_pool3d(mean, edge, stride=1, padding=pad, count_include_pad=False)
        return x * torch.sigmoid(self.excite(functional.relu(self.squeeze(mean))))


class Residual(nn.Module):
    """Two 3x3x3 convolutions beside a shortcut, optionally weighted by channel attention.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        stride: of the first convolution.
        channel_attention: whether channels are weighted.
        attention_cells: edge of the neighbourhood that weights them; all of it where ``None``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        channel_attention: bool = False,
        attention_cells: int | None = None,
    ) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(in_channels, out_channels, stride=stride),
            conv(out_channels, out_channels, act=False),
        )
        same = in_channels == out_channels and stride == 1
        self.shortcut = (
            nn.Identity()
            if same
            else conv(in_channels, out_channels, kernel=1, stride=stride, act=False)
        )
        self.excite: nn.Module = nn.Identity()
        if channel_attention and attention_cells is not None:
            self.excite = LocalChannelAttention(out_channels, cells=attention_cells)
        elif channel_attention:
            self.excite = ChannelSELayer(3, out_channels, r=8)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """``[b, in, z, y, x]`` to ``[b, out, z/stride, y/stride, x/stride]``."""
        out: Tensor = self.act(self.excite(self.body(x)) + self.shortcut(x))
        return out
