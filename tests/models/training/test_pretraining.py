"""Masked reconstruction: what is hidden, what is scored, and that it teaches the detector."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from models.detector.detector import DetectorConfig
from models.training.pretraining import BLOCK_MM, MaskedReconstruction, hide_blocks, unfold_cells

SMALL = DetectorConfig(widths=(4, 8, 8, 8), channels=8)


class Patches(NamedTuple):
    image: Tensor


def test_whole_blocks_are_hidden() -> None:
    hidden = hide_blocks(torch.zeros(2, 1, 32, 48, 64))
    blocks = hidden.float().unfold(2, BLOCK_MM, BLOCK_MM).unfold(3, BLOCK_MM, BLOCK_MM)
    share = blocks.unfold(4, BLOCK_MM, BLOCK_MM).mean((-1, -2, -3))
    assert set(share.unique().tolist()) <= {0.0, 1.0}


def test_about_three_fifths_are_hidden() -> None:
    torch.manual_seed(0)
    assert 0.5 < hide_blocks(torch.zeros(8, 1, 96, 96, 96)).float().mean() < 0.7


def test_each_cell_paints_its_own_cube() -> None:
    logits = torch.zeros(1, 64, 2, 2, 2)
    logits[0, :, 1, 0, 1] = torch.arange(64.0)
    image = unfold_cells(logits)
    assert torch.equal(image[0, 0, 4:, :4, 4:].flatten(), torch.arange(64.0))
    assert image.sum() == torch.arange(64.0).sum()


def test_what_is_not_hidden_is_not_scored() -> None:
    torch.manual_seed(0)
    paint = MaskedReconstruction(SMALL.build(), channels=SMALL.channels).eval()
    image = torch.randn(1, 1, 32, 32, 32)
    torch.manual_seed(3)
    before = paint.losses(Patches(image))["paint"]
    torch.manual_seed(3)
    hidden = hide_blocks(image)
    with torch.no_grad():
        error = (unfold_cells(paint.paint(paint.pyramid(paint.encoder(
            torch.where(hidden, paint.hidden, image))))) - image).abs()  # fmt: skip
    assert torch.isclose(before, error[hidden].mean())


def test_it_teaches_the_detectors_own_encoder() -> None:
    torch.manual_seed(0)
    detector = SMALL.build()
    paint = MaskedReconstruction(detector, channels=SMALL.channels)
    first = next(detector.encoder.parameters()).detach().clone()
    ramp = torch.linspace(-1, 1, 32).expand(4, 1, 32, 32, 32).contiguous()
    optimizer = torch.optim.AdamW(paint.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        loss = paint.losses(Patches(ramp))["paint"]
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss))
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])
    assert not torch.equal(first, next(detector.encoder.parameters()))
