"""The second stage: looks again at each candidate, at two scales, and says how sure it is.

The convolutions run once a candidate; only the small dropout layers at the end run once a sample
(Monte-Carlo dropout, Gal and Ghahramani, arXiv 1506.02142), so samples are nearly free.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.detector.blocks import Residual, conv

CROP = 32
NEAR_LEAST_MM = 24.0
NEAR_MOST_MM = 96.0
CONTEXT_FACTOR = 2.5
DENSITIES = ("solid", "part-solid", "ground-glass", "calcified")


def near_extent_mm(diameter_mm: Tensor) -> Tensor:
    """Edge of the near crop for a candidate's diameter: twice it, within [24, 96] mm."""
    return (2.0 * diameter_mm).clamp(NEAR_LEAST_MM, NEAR_MOST_MM)


class Embedded(NamedTuple):
    """What the expensive part says about ``n`` candidates."""

    features: Tensor  # [n, f]
    mask_logits: Tensor  # [n, 1, 32, 32, 32] on the near crop's grid


class Opinion(NamedTuple):
    """What the dropout layers say: leading axes as the features'."""

    logit: Tensor  # [..., n] nodule or not
    log_diameter: Tensor  # [..., n] ln(diameter / mm)
    density_logits: Tensor  # [..., n, 4] in the order of DENSITIES


@dataclass(frozen=True, slots=True)
class RefinerConfig:
    """Sizes of a refiner, stored with its weights."""

    widths: tuple[int, int, int] = (16, 32, 64)
    hidden: int = 128
    dropout: float = 0.3

    def build(self) -> Refiner:
        """Make the network, freshly initialised."""
        return Refiner(self)

    def to_dict(self) -> dict[str, object]:
        """As stored in a model card."""
        return asdict(self)


class Stream(nn.Module):
    """Features of one crop at strides 1, 2 and 4."""

    def __init__(self, widths: tuple[int, int, int]) -> None:
        super().__init__()
        w1, w2, w4 = widths
        self.stage1 = conv(1, w1)
        self.stage2 = nn.Sequential(Residual(w1, w2, stride=2))
        self.stage4 = nn.Sequential(Residual(w2, w4, stride=2), Residual(w4, w4))

    def forward(self, crop: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``[n, 1, 32, 32, 32]`` to maps of edge 32, 16 and 8."""
        f1 = self.stage1(crop)
        f2 = self.stage2(f1)
        return f1, f2, self.stage4(f2)


class Refiner(nn.Module):
    """Nodule or not, mask, diameter and density type of each candidate."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        w1, w2, w4 = config.widths
        self.near, self.context = Stream(config.widths), Stream(config.widths)
        self.up2, self.up1 = conv(w4 + w2, w2), conv(w2 + w1, w1)
        self.mask = nn.Conv3d(w1, 1, kernel_size=1)
        flat = 2 * (w4 * 2) + 1
        self.dropout = config.dropout
        self.hidden1, self.hidden2 = (
            nn.Linear(flat, config.hidden),
            nn.Linear(config.hidden, config.hidden),
        )
        self.out = nn.Linear(config.hidden, 2 + len(DENSITIES))

    def embed(self, near: Tensor, context: Tensor, near_mm: Tensor) -> Embedded:
        """Run the convolutions once.

        Args:
            near: ``[n, 1, 32, 32, 32]`` normalised crop of edge ``near_mm``.
            context: the same around, of edge ``CONTEXT_FACTOR * near_mm``.
            near_mm: ``[n]`` millimetres.
        """
        f1, f2, f4 = self.near(near)
        c4 = self.context(context)[2]
        d2 = self.up2(torch.cat([functional.interpolate(f4, scale_factor=2.0), f2], 1))
        d1 = self.up1(torch.cat([functional.interpolate(d2, scale_factor=2.0), f1], 1))
        pooled = [
            p for f in (f4, c4) for p in (f.mean((2, 3, 4)), f[:, :, 2:6, 2:6, 2:6].amax((2, 3, 4)))
        ]
        scale = torch.log(near_mm / NEAR_LEAST_MM)[:, None].to(f4.dtype)
        return Embedded(torch.cat([*pooled, scale], 1), self.mask(d1))

    def judge(self, features: Tensor, near_mm: Tensor, *, drop: bool) -> Opinion:
        """Run the small layers; with ``drop`` each call (and each leading row) is one sample."""
        x = functional.dropout(features, self.dropout, training=drop)
        x = functional.dropout(functional.relu(self.hidden1(x)), self.dropout, training=drop)
        x = functional.dropout(functional.relu(self.hidden2(x)), self.dropout, training=drop)
        out = self.out(x)
        return Opinion(out[..., 0], out[..., 1] + torch.log(near_mm / 3.0), out[..., 2:])

    def forward(self, near: Tensor, context: Tensor, near_mm: Tensor) -> tuple[Opinion, Tensor]:
        """One training pass: dropout as the module's mode says; opinion and mask logits."""
        embedded = self.embed(near, context, near_mm)
        return self.judge(embedded.features, near_mm, drop=self.training), embedded.mask_logits
