"""StarNet: image tokens and a text to the rating that radiologists would give.

All that the network says of ``n`` nodules is in ``Reading``; the risk is 0 where radiologists
would rate 1 (highly unlikely malignant) and 1 where they would rate 5 (highly suspicious).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.starnet.attention import CrossAttention, mean_of
from models.starnet.config import GROUPS, IMAGE_GROUPS, StarNetConfig
from models.starnet.gate import TEXT, Gate, Gated
from models.starnet.image_encoder import COUNT, ImageEncoder, split_groups
from models.starnet.image_tokens import ImageTokens
from models.starnet.layers import Maker, Projection
from models.starnet.text_encoder import Text, TextEncoder

_MIN_ERROR = 0.02


class Reading(NamedTuple):
    """What StarNet says."""

    logit: Tensor  # [n] of the risk
    expected_error: Tensor  # [n] expected absolute error of the risk
    gated: Gated
    image_ratings: Tensor  # [n, 7] looks as the image shows them, 0 to 1
    text_ratings: Tensor  # [n, 7] looks as the text tells them
    context: Tensor  # [n, 12] the patient as the text tells: values, then logits of "it says so"
    image_embedding: Tensor  # [n, width] of unit length
    text_embedding: Tensor  # [n, width]
    asked: Tensor  # [n, 2] share of image and of text tokens that were queries


class StarNet(nn.Module):
    """The whole network but the trunk.

    Args:
        config: sizes.
    """

    def __init__(self, config: StarNetConfig) -> None:
        super().__init__()
        self.config = config
        make, width = Maker(config.ranks), config.width
        self.image = ImageEncoder(config, make=make.inside("image"))
        self.text = TextEncoder(config, make=make.inside("text"))
        self.image_asks = CrossAttention(config, make=make.inside("image_asks"))
        self.text_asks = CrossAttention(config, make=make.inside("text_asks"))
        self.pool = nn.Parameter(torch.randn(len(GROUPS), width) * 0.1)
        self.norm = nn.LayerNorm(width)
        self.gate = Gate(config)
        self.error = nn.Linear(width + 2, 1)
        self.align_image, self.align_text = nn.Linear(width, width), nn.Linear(width, width)
        self.temperature = nn.Parameter(torch.tensor(2.0))

    def forward(self, image: ImageTokens, text: Text, *, seen: Tensor | None = None) -> Reading:
        """Read nodules.

        Args:
            image: tokens.
            text: of each; absent where no token is present.
            seen: ``[n]`` bool, which images may be used; all where ``None``.
        """
        verbal = self.text(text)
        n, device = len(verbal), verbal.device
        seen = torch.ones(n, dtype=torch.bool, device=device) if seen is None else seen
        has_text = text.present.any(1)
        visual = self.image(image) if seen.any() else verbal.new_zeros(n, COUNT, verbal.shape[-1])
        image_here = seen[:, None].expand(n, COUNT)
        raw_image, raw_text = mean_of(visual, image_here), mean_of(verbal, text.present)
        from_text = self.image_asks(visual, image_here, verbal, text.present)
        from_image = self.text_asks(verbal, text.present, visual, image_here)
        groups = self._summaries(from_text.tokens, from_image.tokens, text.present)
        present = torch.cat([seen[:, None].expand(n, IMAGE_GROUPS), has_text[:, None]], 1)
        looks_by_image = torch.sigmoid(self.image.ratings(raw_image))
        looks_by_text = torch.sigmoid(self.text.ratings(raw_text))
        # looks are taught by their own loss: distrust must not bend them
        gated = self.gate(
            groups, raw_text, (looks_by_image - looks_by_text).abs().detach(), present
        )
        fused = (gated.weights[..., None] * groups).sum(1)
        disagreement = (gated.weights * (gated.votes - gated.logit()[:, None]).abs()).sum(-1)
        hints = torch.stack([disagreement, gated.weights[:, TEXT]], 1)
        error = self.error(torch.cat([fused, hints], 1))[:, 0]
        return Reading(
            logit=gated.logit(),
            expected_error=functional.softplus(error) + _MIN_ERROR,
            gated=gated,
            image_ratings=looks_by_image,
            text_ratings=looks_by_text,
            context=self.text.context(raw_text),
            image_embedding=functional.normalize(self.align_image(raw_image), dim=-1),
            text_embedding=functional.normalize(self.align_text(raw_text), dim=-1),
            asked=torch.stack([from_text.share, from_image.share], 1),
        )

    def _summaries(self, visual: Tensor, verbal: Tensor, present: Tensor) -> Tensor:
        """One summary a group, by attention of one learned query: ``[n, 5, width]``."""
        parts = [*split_groups(visual), verbal]
        masks = [None] * IMAGE_GROUPS + [present]
        summaries = []
        for query, part, mask in zip(self.pool, parts, masks, strict=True):
            # not part @ query: OpenVINO trips over a matrix by a vector that is then scaled
            score = (part * (query / part.shape[-1] ** 0.5)).sum(-1)
            if mask is not None:
                score = score.masked_fill(~mask, -1e4)
            summaries.append((score.softmax(-1)[..., None] * part).sum(1))
        return self.norm(torch.stack(summaries, 1))  # type: ignore[no-any-return]


def projections(network: nn.Module) -> dict[str, Projection]:
    """Every projection whose rank can be chosen, by its name in ``StarNetConfig.ranks``."""
    return {part.name: part for part in network.modules() if isinstance(part, Projection)}
