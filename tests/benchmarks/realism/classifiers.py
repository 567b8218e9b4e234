"""The classifiers that are asked whether a nodule is inserted: a small network, a regression."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

HALF = 10  # of a crop, voxels of 1 mm
JITTER = 2  # voxels: inserted centres are exact, radiologists' are not
EPOCHS, BATCH = 60, 32


class Network(nn.Module):
    """A small 3D network on crops of 20 mm."""

    def __init__(self) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for before, after in ((1, 16), (16, 32), (32, 64)):
            parts += [nn.Conv3d(before, after, 3, padding=1), nn.GroupNorm(8, after), nn.ReLU()]
            parts += [nn.MaxPool3d(2)] if after < 64 else []
        self.features = nn.Sequential(*parts)
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(128, 1))

    def forward(self, crop: Tensor) -> Tensor:
        maps = self.features(crop)
        return self.head(torch.cat([maps.mean((2, 3, 4)), maps.amax((2, 3, 4))], 1))[:, 0]


def shifted(hu: Tensor, *, generator: torch.Generator) -> Tensor:
    """Turned, mirrored and moved at random, each differently: ``[n, 1, 20, 20, 20]``."""
    made = []
    for item in hu:
        z, y, x = (int(torch.randint(2 * JITTER + 1, (1,), generator=generator)) for _ in range(3))
        part = item[z : z + 2 * HALF, y : y + 2 * HALF, x : x + 2 * HALF]
        flips = [axis for axis in range(3) if torch.rand((), generator=generator) < 0.5]
        turns = int(torch.randint(4, (1,), generator=generator))
        made.append(torch.rot90(part.flip(flips), turns, (1, 2)))
    return torch.stack(made)[:, None]


def network_scores(train: Tensor, label: Tensor, test: Tensor, *, seed: int) -> np.ndarray:
    """Logits of being inserted, mean over looks from eight sides."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    steps = EPOCHS * len(train) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for _ in range(steps):
        # as many of both kinds
        kinds = [torch.nonzero(label == kind)[:, 0] for kind in (0.0, 1.0)]
        picks = torch.cat(
            [item[torch.randint(len(item), (BATCH // 2,), generator=generator)] for item in kinds]
        )
        logits = network(shifted(train[picks], generator=generator))
        loss = functional.binary_cross_entropy_with_logits(logits, label[picks])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    network.eval()
    with torch.no_grad():
        sides = [network(shifted(test, generator=generator)) for _ in range(8)]
    return np.asarray(torch.stack(sides).mean(0))


def measurements(hu: np.ndarray) -> np.ndarray:
    """Twelve numbers of one look: density, edge and noise by distance from the middle."""
    inner = hu[JITTER:-JITTER, JITTER:-JITTER, JITTER:-JITTER]
    grid = np.indices(inner.shape) - (HALF - 0.5)
    r = np.sqrt((grid**2).sum(0))
    slope = np.sqrt(sum(g**2 for g in np.gradient(inner)))
    fine = (
        inner
        - functional.avg_pool3d(
            torch.from_numpy(np.ascontiguousarray(inner, np.float32))[None, None], 3, 1, 1
        )[0, 0].numpy()
    )
    rings = [(0, 2), (2, 4), (4, 6), (6, 9)]
    means = [inner[(r >= a) & (r < b)].mean() for a, b in rings]
    edges = [slope[(r >= a) & (r < b)].mean() for a, b in rings]
    noise = [fine[(r >= a) & (r < b)].std() for a, b in ((0, 4), (4, 9))]
    return np.array([*means, *edges, *noise, inner[r < 4].max(), slope[r < 6].max()])


def regression_scores(train: Tensor, label: Tensor, test: Tensor, *, seed: int) -> np.ndarray:
    """Logits of a logistic regression on ``measurements``."""
    table = torch.tensor(np.stack([measurements(item.numpy()) for item in train])).float()
    other = torch.tensor(np.stack([measurements(item.numpy()) for item in test])).float()
    mean, spread = table.mean(0), table.std(0) + 1e-6
    weight = torch.zeros(table.shape[1] + 1, requires_grad=True)
    balance = (label == 0).sum() / (label == 1).sum()
    optimizer = torch.optim.LBFGS([weight], max_iter=200)

    def closure() -> Tensor:
        optimizer.zero_grad()
        logits = ((table - mean) / spread) @ weight[1:] + weight[0]
        loss = functional.binary_cross_entropy_with_logits(logits, label, pos_weight=balance)
        loss = loss + 0.01 * weight[1:].square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[arg-type]
    with torch.no_grad():
        return np.asarray(((other - mean) / spread) @ weight[1:] + weight[0])


def auc(scores: np.ndarray, label: np.ndarray) -> float:
    """Area under the curve: how often an inserted one scores above a real one."""
    more = scores[label][:, None] - scores[~label][None]
    return float(((more > 0) + 0.5 * (more == 0)).mean())
