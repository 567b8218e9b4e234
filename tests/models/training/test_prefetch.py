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

    with Prefetch(make, device=CPU) as batches:
        handed = [int(batches()[0]) for _ in range(5)]
    assert handed == [0, 1, 2, 3, 4]
    assert len(made) in (5, 6)  # at most one ahead


def test_the_next_batch_is_made_while_the_last_is_used() -> None:
    second = threading.Event()
    count = iter(range(100))

    def make() -> tuple[torch.Tensor]:
        if (at := next(count)) == 1:
            second.set()
        return (torch.tensor(at),)

    with Prefetch(make, device=CPU) as batches:
        batches()
        assert second.wait(timeout=30)  # nobody asked for it yet


def test_an_error_in_the_making_ends_the_run() -> None:
    def make() -> tuple[torch.Tensor]:
        raise ValueError("no lung in this case")

    with Prefetch(make, device=CPU) as batches, pytest.raises(ValueError, match="no lung"):
        batches()


def test_nothing_is_made_between_settling_and_the_next_call() -> None:
    """Validation seeds the shared generators: no batch may draw from them meanwhile."""
    begun, go_on = threading.Event(), threading.Event()
    made: list[int] = []

    def make() -> tuple[torch.Tensor]:
        begun.set()
        assert go_on.wait(timeout=30)
        made.append(len(made))
        return (torch.tensor(made[-1]),)

    with Prefetch(make, device=CPU) as batches:
        assert begun.wait(timeout=30)
        threading.Timer(0.05, go_on.set).start()
        batches.settle()
        assert made == [0]
        batches()
