"""Batches made one ahead: in order, once each, and errors are not swallowed."""

from __future__ import annotations

import threading

import pytest
import torch

from models.training.prefetch import Prefetch

CPU = torch.device("cpu")


def test_hands_out_every_batch_once_and_in_order() -> None:
    made: list[int] = []

    def make() -> tuple[torch.Tensor]:
        made.append(len(made))
        return (torch.tensor(made[-1]),)

    batches = Prefetch(make, device=CPU)
    handed = [int(batches()[0]) for _ in range(5)]
    batches.close()
    assert handed == [0, 1, 2, 3, 4]
    assert len(made) in (5, 6)  # at most one ahead


def test_the_next_batch_is_made_while_the_last_is_used() -> None:
    second = threading.Event()
    count = iter(range(100))

    def make() -> tuple[torch.Tensor]:
        if (at := next(count)) == 1:
            second.set()
        return (torch.tensor(at),)

    batches = Prefetch(make, device=CPU)
    batches()
    assert second.wait(timeout=30)  # nobody asked for it yet
    batches.close()


def test_an_error_in_the_making_ends_the_run() -> None:
    def make() -> tuple[torch.Tensor]:
        raise ValueError("no lung in this case")

    batches = Prefetch(make, device=CPU)
    with pytest.raises(ValueError, match="no lung"):
        batches()
    batches.close()
