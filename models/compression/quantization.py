"""Convolutions that compute as if in few bits, so that training makes them robust to it.

Inputs are rounded to a grid between two learned bounds (PACT, arXiv 1805.06085, with both ends
learned as in LSQ+, arXiv 2004.09576), weights to a symmetric grid of each output channel, which is
what OpenVINO does with eight bits; gradients pass through the rounding as if it were not there.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

BITS = (4, 8, 16)


def round_straight_through(x: Tensor) -> Tensor:
    """Round; the gradient is that of the identity."""
    return x + (x.round() - x).detach()


def quantize_weight(weight: Tensor, *, bits: int) -> Tensor:
    """Round to a symmetric grid of each output channel.

    Args:
        weight: ``[outputs, ...]``.
        bits: of the grid.
    """
    most = 2 ** (bits - 1) - 1
    step = weight.detach().abs().flatten(1).amax(1).clamp(min=1e-12) / most
    step = step.view(-1, *(1,) * (weight.dim() - 1))
    rounded: Tensor = round_straight_through(weight / step) * step
    return rounded


def quantize_between(x: Tensor, low: Tensor, high: Tensor, *, bits: int) -> Tensor:
    """Clamp to ``low`` to ``high`` and round to ``2 ** bits`` values; both ends get gradients."""
    step = ((high - low) / (2**bits - 1)).clamp(min=1e-9)
    clamped = torch.minimum(torch.maximum(x, low), high)
    rounded: Tensor = round_straight_through((clamped - low) / step) * step + low
    return rounded


class QuantizedConv3d(nn.Conv3d):
    """A convolution of ``bits`` bits; its bounds are those of the first batch until they learn."""

    def __init__(self, like: nn.Conv3d, *, bits: int = 8) -> None:
        super().__init__(
            like.in_channels,
            like.out_channels,
            kernel_size=like.kernel_size,  # type: ignore[arg-type]
            stride=like.stride,  # type: ignore[arg-type]
            padding=like.padding,  # type: ignore[arg-type]
            bias=like.bias is not None,
        )
        if bits not in BITS:
            raise ValueError(f"bits must be one of {BITS}, got {bits}")
        self.bits = bits
        self.weight = like.weight
        self.bias = like.bias
        device = like.weight.device
        self.low = nn.Parameter(torch.zeros((), device=device))
        self.high = nn.Parameter(torch.zeros((), device=device))
        self.register_buffer("observed", torch.zeros((), dtype=torch.bool, device=device))

    def forward(self, input: Tensor) -> Tensor:
        """Convolve what was rounded, with weights that were rounded."""
        x = input.float()
        if self.training and not bool(self.observed):
            with torch.no_grad():
                self.low.copy_(x.min())
                self.high.copy_(x.max())
                cast(Tensor, self.observed).fill_(True)
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 would round once more
            x = quantize_between(x, self.low, self.high, bits=self.bits)
            weight = quantize_weight(self.weight.float(), bits=self.bits)
            bias = None if self.bias is None else self.bias.float()
            return functional.conv3d(x, weight, bias, self.stride, self.padding)


def quantize_convolutions(
    network: nn.Module, *, bits: int = 8, except_for: tuple[str, ...] = ()
) -> None:
    """Replace the convolutions of a network, in place.

    Args:
        network: any.
        bits: of each.
        except_for: names of modules that stay as they are, with all that is inside.
    """
    for name, module in list(network.named_modules()):
        if not isinstance(module, nn.Conv3d) or any(
            name == away or name.startswith(f"{away}.") for away in except_for
        ):
            continue
        parent, _, child = name.rpartition(".")
        setattr(network.get_submodule(parent), child, QuantizedConv3d(module, bits=bits))
