"""The refinement stage: looks again at each candidate, at two scales, and says how sure it is.

The convolutions run once a candidate; only the small dropout layers at the end run once a sample
(Monte-Carlo dropout, Gal and Ghahramani, arXiv 1506.02142), so samples are nearly free.

Whether it is a nodule and how large it is can be told by trunks of their own: outlines get better
the longer they are trained, while the classifier, taught on inserted nodules for long, comes to
know inserted ones from real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.detector.blocks import Residual, conv
from models.detector.contract import DENSITIES, NEAR_MIN_MM, current_names


class Embedded(NamedTuple):
    """What the expensive part says about ``n`` candidates."""

    features: Tensor  # [n, f]
    mask_logits: Tensor  # [n, 1, 32, 32, 32] on the near crop's grid


class CandidatePrediction(NamedTuple):
    """All that one pass says of ``n`` candidates."""

    logit: Tensor  # [n] nodule or not
    log_diameter: Tensor  # [n] ln(diameter / mm)
    density_logits: Tensor  # [n, 4] in the order of DENSITIES


@dataclass(frozen=True, slots=True)
class RefinerConfig:
    """Sizes of a refiner, stored with its weights.

    Args:
        widths: channels at strides 1, 2 and 4.
        hidden: of the dropout layers.
        dropout: share of features dropped.
        own_classifier: whether a nodule is told from others by a trunk of its own.
    """

    widths: tuple[int, int, int] = (16, 32, 64)
    hidden: int = 128
    dropout: float = 0.3
    own_classifier: bool = False

    def build(self) -> Refiner:
        """Make the network, freshly initialised."""
        return Refiner(self)

    def to_dict(self) -> dict[str, object]:
        """As stored in a model card."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what a model card holds, lists in place of tuples, former names too."""
        named = current_names(stored)
        return cls(**{**named, "widths": tuple(named.get("widths", cls().widths))})


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


class Trunk(nn.Module):
    """Both crops to features, and dropout layers on top of them.

    Args:
        config: sizes.
    """

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.near, self.context = Stream(config.widths), Stream(config.widths)
        flat = 2 * (config.widths[2] * 2) + 1
        self.dropout = config.dropout
        self.hidden1, self.hidden2 = (
            nn.Linear(flat, config.hidden),
            nn.Linear(config.hidden, config.hidden),
        )
        self.out = nn.Linear(config.hidden, 2 + len(DENSITIES))

    def pool(
        self, near: Tensor, context: Tensor, near_mm: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Features ``[n, f]`` of the crops, and the near crop's maps."""
        maps, c4 = self.near(near), self.context(context)[2]
        pooled = [
            part
            for f in (maps[2], c4)
            for part in (f.mean((2, 3, 4)), f[:, :, 2:6, 2:6, 2:6].amax((2, 3, 4)))
        ]
        scale = torch.log(near_mm / NEAR_MIN_MM)[:, None].to(c4.dtype)
        return torch.cat([*pooled, scale], 1), maps

    def apply_head(self, features: Tensor, *, drop: bool) -> Tensor:
        """Run the small layers: ``[..., n, 6]``."""
        x = functional.dropout(features, self.dropout, training=drop)
        x = functional.dropout(functional.relu(self.hidden1(x)), self.dropout, training=drop)
        x = functional.dropout(functional.relu(self.hidden2(x)), self.dropout, training=drop)
        output: Tensor = self.out(x)
        return output


class Refiner(Trunk):
    """Nodule or not, mask, diameter and density type of each candidate."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__(config)
        w1, w2, w4 = config.widths
        self.up2, self.up1 = conv(w4 + w2, w2), conv(w2 + w1, w1)
        self.mask = nn.Conv3d(w1, 1, kernel_size=1)
        # ``own`` is part of the names of stored weights
        self.own = Trunk(config) if config.own_classifier else None

    def classifier_features(self, near: Tensor, context: Tensor, near_mm: Tensor) -> Tensor:
        """Features ``[n, f]`` of the classifier's convolutions; arguments as of ``embed``."""
        return (self.own or self).pool(near, context, near_mm)[0]

    def embed(self, near: Tensor, context: Tensor, near_mm: Tensor) -> Embedded:
        """Run the outline's convolutions once.

        Args:
            near: ``[n, 1, 32, 32, 32]`` normalised crop of edge ``near_mm``.
            context: the same around, of edge ``CONTEXT_FACTOR * near_mm``.
            near_mm: ``[n]`` millimetres.
        """
        features, (f1, f2, f4) = self.pool(near, context, near_mm)
        d2 = self.up2(torch.cat([functional.interpolate(f4, scale_factor=2.0), f2], 1))
        d1 = self.up1(torch.cat([functional.interpolate(d2, scale_factor=2.0), f1], 1))
        return Embedded(features, self.mask(d1))

    def classify(self, features: Tensor, *, drop: bool) -> Tensor:
        """Return logits ``[..., n]`` of the features; with ``drop`` each row is one sample."""
        return (self.own or self).apply_head(features, drop=drop)[..., 0]

    def forward(
        self, near: Tensor, context: Tensor, near_mm: Tensor
    ) -> tuple[CandidatePrediction, Tensor]:
        """One training pass: dropout as the module's mode says; prediction and mask logits."""
        seen = self.embed(near, context, near_mm)
        out = self.apply_head(seen.features, drop=self.training)
        logit = out[..., 0]
        if self.own is not None:
            logit = self.classify(
                self.classifier_features(near, context, near_mm), drop=self.training
            )
        output = CandidatePrediction(logit, out[..., 1] + torch.log(near_mm / 3.0), out[..., 2:])
        return output, seen.mask_logits
