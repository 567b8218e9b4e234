"""Fewer or more bits by what comes in: one set of weights that runs in 4, 8 or 16 bits.

Each convolution has bounds for its activations, learned apart for each width; weights are rounded
to the width that was chosen. Which one is chosen follows the input: where most of what comes in is
air far from the bounds' edges and little varies, few bits lose little. In training the width is
drawn around that choice, so that the same weights learn to serve all three.

Sources: any-precision networks (arXiv 1911.07346), learned bounds as in LSQ+ (arXiv 2004.09576).
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.compression.quantization import BITS, quantize_between, quantize_weight


class DynamicQuantizer(nn.Module):
    """Chooses how many bits an input needs.

    The statistic is the share of the input's energy (its variance) that lies in its strongest
    voxels: a window of even tissue has little there, one with vessels and nodules much. It is
    compared with two limits, which ``calibrate`` sets.

    Args:
        strongest: share of the voxels that count as strongest, 0 to 1.
    """

    def __init__(self, *, strongest: float = 0.02) -> None:
        super().__init__()
        if not 0 < strongest < 1:
            raise ValueError(f"strongest must lie between 0 and 1, got {strongest}")
        self.strongest = strongest
        self.register_buffer("limits", torch.tensor([-torch.inf, torch.inf]))

    def statistic(self, x: Tensor) -> Tensor:
        """Return the standard deviation of the strongest part of each input, ``[b]``.

        Args:
            x: ``[b, ...]``, normalised.
        """
        flat = (x.float() - x.float().mean(tuple(range(1, x.dim())), keepdim=True)).flatten(1)
        count = max(1, round(self.strongest * flat.shape[1]))
        return flat.abs().topk(count, dim=1).values.square().mean(1).sqrt()

    def calibrate(self, values: Tensor, *, narrow: float, wide: float) -> None:
        """Set the limits.

        Args:
            values: of the statistic, of inputs as they will come.
            narrow: share of them that shall run in 4 bits.
            wide: share that shall run in 16.

        Raises:
            ValueError: the shares do not fit into 1, or there are no values.
        """
        if values.numel() == 0 or min(narrow, wide) < 0 or narrow + wide > 1:
            raise ValueError(f"shares {narrow} and {wide} of {values.numel()} inputs cannot be")
        low = torch.quantile(values, narrow) if narrow else torch.tensor(-torch.inf)
        high = torch.quantile(values, 1 - wide) if wide else torch.tensor(torch.inf)
        cast(Tensor, self.limits).copy_(torch.stack([low.to(values), high.to(values)]))

    def bits(self, x: Tensor) -> list[int]:
        """Width of each input of a batch: 4, 8 or 16."""
        value, (low, high) = self.statistic(x), cast(Tensor, self.limits)
        place = (value >= low).long() + (value > high).long()
        return [BITS[at] for at in place.tolist()]


class AnyPrecisionConv3d(nn.Conv3d):
    """A convolution that runs in 4, 8 or 16 bits with the same weights; ``bits`` says which.

    Bounds of each width are those of the first batches in training until they learn.
    """

    def __init__(self, like: nn.Conv3d) -> None:
        super().__init__(
            like.in_channels,
            like.out_channels,
            kernel_size=like.kernel_size,  # type: ignore[arg-type]
            stride=like.stride,  # type: ignore[arg-type]
            padding=like.padding,  # type: ignore[arg-type]
            bias=like.bias is not None,
        )
        self.weight, self.bias, self.bits = like.weight, like.bias, BITS[1]
        device = like.weight.device
        self.low = nn.Parameter(torch.zeros(len(BITS), device=device))
        self.high = nn.Parameter(torch.zeros(len(BITS), device=device))
        self.register_buffer("observed", torch.zeros(len(BITS), dtype=torch.bool, device=device))

    def forward(self, input: Tensor) -> Tensor:
        """Convolve what was rounded, with weights that were rounded."""
        x, at = input.float(), BITS.index(self.bits)
        observed = cast(Tensor, self.observed)
        if self.training and not bool(observed[at]):
            with torch.no_grad():
                self.low[at], self.high[at] = x.min(), x.max()
                observed[at] = True
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 would round once more
            x = quantize_between(x, self.low[at], self.high[at], bits=self.bits)
            weight = quantize_weight(self.weight.float(), bits=self.bits)
            bias = None if self.bias is None else self.bias.float()
            return functional.conv3d(x, weight, bias, self.stride, self.padding)


class AnyPrecision(nn.Module):
    """A network whose convolutions take the width that its input asks for.

    In training each batch runs in a width drawn at random, so that one set of weights learns all;
    in evaluation each input runs in its own.

    Args:
        network: changed in place.
        quantizer: chooses the width in evaluation.
        except_for: names of modules that stay as they are, with all that is inside.
        taught: widths that are drawn in training.
    """

    def __init__(
        self,
        network: nn.Module,
        quantizer: DynamicQuantizer,
        *,
        except_for: tuple[str, ...] = (),
        taught: tuple[int, ...] = BITS,
    ) -> None:
        super().__init__()
        for name, module in list(network.named_modules()):
            away = any(name == part or name.startswith(f"{part}.") for part in except_for)
            if isinstance(module, nn.Conv3d) and not away:
                parent, _, child = name.rpartition(".")
                setattr(network.get_submodule(parent), child, AnyPrecisionConv3d(module))
        self.network, self.quantizer, self.taught = network, quantizer, taught

    def set_bits(self, bits: int) -> None:
        """Run all convolutions in this width.

        Raises:
            ValueError: it is none of ``BITS``.
        """
        if bits not in BITS:
            raise ValueError(f"bits must be one of {BITS}, got {bits}")
        for module in self.network.modules():
            if isinstance(module, AnyPrecisionConv3d):
                module.bits = bits

    def forward(self, x: Tensor) -> Tensor:
        """Run the network on a batch ``[b, ...]``."""
        if self.training:
            self.set_bits(self.taught[int(torch.randint(len(self.taught), ()))])
            return cast(Tensor, self.network(x))
        rows = []
        for row, bits in zip(torch.split(x, 1), self.quantizer.bits(x), strict=True):
            self.set_bits(bits)
            rows.append(self.network(row))
        return torch.cat(rows)
