"""The encoder: residual stages at strides 2, 4, 8 and 16, channel attention in the deep ones."""

from __future__ import annotations

from torch import Tensor, nn

from models.detector.blocks import Residual, conv

STRIDES = (2, 4, 8, 16)
_LOCAL_CELLS = (7, 3)  # at strides 8 and 16: neighbourhoods of 56 and 48 mm


class Encoder(nn.Module):
    """Features at four scales.

    Args:
        widths: channels at strides 2, 4, 8 and 16.
        local_attention: whether channel attention looks at a neighbourhood of some 50 mm; else at
            all that is put in.
    """

    def __init__(self, widths: tuple[int, int, int, int], *, local_attention: bool = False) -> None:
        super().__init__()
        cells8, cells16 = _LOCAL_CELLS if local_attention else (None, None)
        w2, w4, w8, w16 = widths
        self.stem = conv(1, w2, kernel=3, stride=2)
        self.stage2 = Residual(w2, w2)
        self.stage4 = nn.Sequential(Residual(w2, w4, stride=2), Residual(w4, w4))
        self.stage8 = nn.Sequential(
            Residual(w4, w8, stride=2),
            Residual(w8, w8, channel_attention=True, attention_cells=cells8),
        )
        self.stage16 = nn.Sequential(
            Residual(w8, w16, stride=2),
            Residual(w16, w16, channel_attention=True, attention_cells=cells16),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """``[b, 1, z, y, x]`` (sizes multiples of 16) to features at strides 2, 4, 8, 16."""
        f2 = self.stage2(self.stem(x))
        f4 = self.stage4(f2)
        f8 = self.stage8(f4)
        return f2, f4, f8, self.stage16(f8)
