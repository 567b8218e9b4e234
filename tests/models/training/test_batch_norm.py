"""Running means and variances taken anew: how they mix, and what stays."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.training.batch_norm import has_running_statistics, renew_statistics


def norm(*, mean: float = 0.0, variance: float = 1.0) -> nn.BatchNorm3d:
    made = nn.BatchNorm3d(1)
    made.running_mean = torch.tensor([mean])
    made.running_var = torch.tensor([variance])
    return made


def images(*, mean: float, deviation: float) -> torch.Tensor:
    """Two values, so that mean and (nearly) variance are known."""
    half = torch.ones(4, 1, 8, 8, 8)
    half[:2] = -1
    return mean + deviation * half


def test_all_of_the_share_takes_the_new_statistics() -> None:
    first = norm()
    batch = images(mean=5.0, deviation=2.0)
    renew_statistics(first, lambda: first(batch), batches=3, share=1.0)
    assert torch.allclose(first.running_mean, torch.tensor([5.0]))
    assert torch.allclose(first.running_var, torch.tensor([4.0]), rtol=1e-3)


def test_half_of_the_share_is_the_variance_of_both_together() -> None:
    first = norm(mean=0.0, variance=1.0)
    batch = images(mean=4.0, deviation=1.0)
    renew_statistics(first, lambda: first(batch), batches=2, share=0.5)
    assert torch.allclose(first.running_mean, torch.tensor([2.0]))
    # each set has a variance of 1, and their means lie 2 from the common one
    assert torch.allclose(first.running_var, torch.tensor([5.0]), rtol=1e-3)


def test_weights_and_mode_and_momentum_stay() -> None:
    first = norm()
    with torch.no_grad():
        first.weight.fill_(3.0)
    renew_statistics(first, lambda: first(images(mean=1.0, deviation=1.0)), batches=1, share=0.5)
    assert float(first.weight) == 3.0
    assert not first.training
    assert first.momentum == 0.1


def test_a_part_that_no_batch_reaches_keeps_its_own() -> None:
    both = nn.ModuleList([norm(), norm(mean=7.0, variance=9.0)])
    renew_statistics(both, lambda: both[0](images(mean=1.0, deviation=1.0)), batches=1, share=1.0)
    assert torch.allclose(both[1].running_mean, torch.tensor([7.0]))
    assert torch.allclose(both[1].running_var, torch.tensor([9.0]))


def test_dropout_stays_off() -> None:
    seen = []
    drop = nn.Sequential(norm(), nn.Dropout(0.9))
    batch = images(mean=1.0, deviation=1.0)
    renew_statistics(drop, lambda: seen.append(drop(batch)), batches=1, share=1.0)
    assert (seen[0] != 0).all()


@pytest.mark.parametrize(("batches", "share"), [(0, 0.5), (1, 0.0), (1, 1.5)])
def test_no_batch_and_no_share_are_refused(batches: int, share: float) -> None:
    first = norm()
    with pytest.raises(ValueError, match="must be"):
        renew_statistics(first, lambda: None, batches=batches, share=share)


def test_a_module_without_statistics_is_refused() -> None:
    plain = nn.Conv3d(1, 1, 1)
    assert not has_running_statistics(plain)
    with pytest.raises(ValueError, match="keeps no running statistics"):
        renew_statistics(plain, lambda: None, batches=1, share=1.0)
