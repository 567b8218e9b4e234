"""Batch-norm adaptation (AdaBN): running means and variances fitted to another scanner's images.

The new statistics do not replace the old ones but are mixed with them, as if the old ones came from
so many CTs: of a handful of CTs alone they would be too noisy.

Source:
    Schneider et al., NeurIPS 2020, "Improving robustness against common corruptions by covariate
    shift adaptation" (arXiv 2006.16971), equation 2; without the mixing Li et al., "Revisiting
    batch normalization for practical domain adaptation" (arXiv 1603.04779).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def has_running_statistics(module: nn.Module) -> bool:
    """Whether anything in the module keeps running means."""
    return bool(_norms(module))


@torch.no_grad()
def renew_statistics(
    module: nn.Module, forward: Callable[[], object], *, batches: int, share: float
) -> None:
    """Mix the running statistics with those of new batches, in place; weights stay as they are.

    The mixed variance is that of both sets together, so it also holds how far their means lie
    apart.

    Args:
        module: with running statistics; left in evaluation mode.
        forward: runs the module once on the next batch.
        batches: how many; all weigh the same.
        share: of the new statistics, above 0, at most 1.

    Raises:
        ValueError: no batch, a share outside its range, or nothing in it keeps statistics.
    """
    if batches < 1:
        raise ValueError(f"batches must be at least 1, got {batches}")
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, got {share}")
    norms = _norms(module)
    if not norms:
        raise ValueError("the module keeps no running statistics")
    old = [(_mean(norm).clone(), _variance(norm).clone(), norm.momentum) for norm in norms]
    module.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
        norm.train()
    try:
        for _ in range(batches):
            forward()
    finally:
        module.eval()
        for norm, (mean, variance, momentum) in zip(norms, old, strict=True):
            norm.momentum = momentum
            if norm.num_batches_tracked:  # a part that no batch reached keeps what it had
                _mix(norm, mean, variance, share)
            else:
                _mean(norm).copy_(mean)
                _variance(norm).copy_(variance)


def _mix(norm: nn.BatchNorm3d, old_mean: Tensor, old_variance: Tensor, share: float) -> None:
    mean, variance = _mean(norm), _variance(norm)
    between = share * (1 - share) * (mean - old_mean) ** 2
    variance.copy_(share * variance + (1 - share) * old_variance + between)
    mean.copy_(share * mean + (1 - share) * old_mean)


def _norms(module: nn.Module) -> list[nn.BatchNorm3d]:
    every = (part for part in module.modules() if isinstance(part, nn.BatchNorm3d))
    return [norm for norm in every if norm.track_running_stats and norm.running_mean is not None]


def _mean(norm: nn.BatchNorm3d) -> Tensor:
    if norm.running_mean is None:
        raise ValueError("this norm keeps no running mean")
    return norm.running_mean


def _variance(norm: nn.BatchNorm3d) -> Tensor:
    if norm.running_var is None:
        raise ValueError("this norm keeps no running variance")
    return norm.running_var
