"""Cascading randomisation: a map that survives it does not depend on what was learned.

The network's parts are drawn anew one after another, from the output down, and the map is made
again after each.

Source:
    Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018 (arXiv 1810.03292).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
from torch import nn

from medical.explain.checks.similarity import ssim
from medical.explain.result import Explanation
from medical.explain.subject import Subject

PASSES_BELOW = 0.5
"""A map passes when its mean similarity to that of a wholly random network is below this."""

AnySubject = TypeVar("AnySubject", bound=Subject)


def cascade(subject: AnySubject, *, seed: int = 0) -> Iterator[tuple[str, AnySubject]]:
    """Name of the part just drawn anew, and the subject with all parts so far; yours is kept."""
    own = copy.deepcopy(subject)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        drawn = []
        for name, parts in own.stages():
            for part in parts:
                redraw(part)
            drawn.append((name, copy.deepcopy(own)))
    yield from drawn


def wholly_random(subject: AnySubject, *, seed: int = 0) -> AnySubject:
    """Return the subject with every part drawn anew."""
    return list(cascade(subject, seed=seed))[-1][1]


def similarity_to_random(
    explain: Callable[[AnySubject], Explanation],
    subject: AnySubject,
    original: Explanation,
    *,
    seed: int = 0,
) -> float:
    """SSIM of a map with the one that a wholly random network gives for the same finding."""
    return ssim(original, explain(wholly_random(subject, seed=seed)))


def redraw(part: nn.Module) -> None:
    """Initialise every layer anew; bare parameters, which have no such method, are shuffled."""
    reset: set[int] = set()
    for module in part.modules():
        method = getattr(module, "reset_parameters", None)
        if callable(method):
            method()
            reset |= {id(p) for p in module.parameters(recurse=False)}
    with torch.no_grad():
        for parameter in part.parameters():
            if id(parameter) not in reset:
                order = torch.randperm(parameter.numel(), device=parameter.device)
                parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))
