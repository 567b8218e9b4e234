"""The two blocks of the networks, on MONAI's ``Convolution`` and squeeze-excitation."""

from __future__ import annotations

from monai.networks.blocks import ChannelSELayer, Convolution
from torch import Tensor, nn


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


class Residual(nn.Module):
    """Two 3x3x3 convolutions beside a shortcut, optionally weighted by channel attention."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        channel_attention: bool = False,
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
        self.excite: nn.Module = (
            ChannelSELayer(3, out_channels, r=8) if channel_attention else nn.Identity()
        )
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """``[b, in, z, y, x]`` to ``[b, out, z/stride, y/stride, x/stride]``."""
        out: Tensor = self.act(self.excite(self.body(x)) + self.shortcut(x))
        return out
