"""What StarNet has to beat: both encoders, their means side by side, and two layers on top."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.starnet.attention import mean_of
from models.starnet.config import GROUPS, IMAGE_GROUPS, StarNetConfig
from models.starnet.gate import Gated
from models.starnet.image_encoder import ImageEncoder, split_groups
from models.starnet.image_tokens import ImageTokens
from models.starnet.layers import Maker
from models.starnet.network import Reading, StarNet
from models.starnet.text_encoder import Text, TextEncoder


class Concatenation(StarNet):
    """Same encoders, no attention between them and no gate."""

    def __init__(self, config: StarNetConfig) -> None:
        nn.Module.__init__(self)
        self.config, make, width = config, Maker({}), config.width
        self.image = ImageEncoder(config, make=make)
        self.text = TextEncoder(config, make=make)
        self.mix = nn.Sequential(
            nn.LayerNorm(len(GROUPS) * width + 2),
            nn.Linear(len(GROUPS) * width + 2, 2 * width), nn.GELU(), nn.Dropout(config.dropout),
            nn.Linear(2 * width, 2),
        )  # fmt: skip
        self.temperature = nn.Parameter(torch.tensor(2.0))

    def forward(self, image: ImageTokens, text: Text, *, seen: Tensor | None = None) -> Reading:
        visual, verbal = self.image(image), self.text(text)
        n = len(visual)
        seen = torch.ones(n, dtype=torch.bool) if seen is None else seen
        present = text.present.any(1)
        raw_text = mean_of(verbal, text.present)
        parts = [part.mean(1) * seen[:, None] for part in split_groups(visual)]
        both = torch.cat([*parts, raw_text, seen[:, None].float(), present[:, None].float()], 1)
        logit, spread = self.mix(both).unbind(1)
        votes = logit[:, None].expand(n, IMAGE_GROUPS + 1)
        weights = torch.full((n, IMAGE_GROUPS + 1), 1 / (IMAGE_GROUPS + 1))
        raw_image = visual.mean(1)
        return Reading(
            logit=logit,
            expected_error=functional.softplus(spread) + 0.02,
            gated=Gated(weights, votes, torch.zeros(n)),
            image_ratings=torch.sigmoid(self.image.ratings(raw_image)),
            text_ratings=torch.sigmoid(self.text.ratings(raw_text)),
            context=self.text.context(raw_text),
            image_embedding=functional.normalize(raw_image, dim=-1),
            text_embedding=functional.normalize(raw_text, dim=-1),
            asked=torch.zeros(n, 2),
        )
