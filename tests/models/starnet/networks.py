from __future__ import annotations

import torch

from models.starnet.config import StarNetConfig
from models.starnet.image_tokens import ImageTokens
from models.starnet.network import StarNet
from models.starnet.text_encoder import Text

SMALL = StarNetConfig(width=16, heads=2, vocabulary=50, max_tokens=12, measures=5)


def network(config: StarNetConfig = SMALL, *, seed: int = 0) -> StarNet:
    torch.manual_seed(seed)
    return StarNet(config).eval()


def image_tokens(count: int, *, seed: int = 1) -> ImageTokens:
    rng = torch.Generator().manual_seed(seed)
    _, c2, c4 = SMALL.trunk_widths
    shapes = ((64, c2 + 1), (8, c4 + 1), (4, c2 + c4), (SMALL.measures,))
    return ImageTokens(*(torch.randn(count, *shape, generator=rng) for shape in shapes))


def text_tokens(lengths: list[int], *, seed: int = 2) -> Text:
    rng = torch.Generator().manual_seed(seed)
    width = max(1, *lengths)
    present = torch.arange(width) < torch.tensor(lengths)[:, None]
    ids = torch.randint(2, 50, (len(lengths), width), generator=rng) * present
    return Text(ids, torch.zeros(len(lengths), width), present)
