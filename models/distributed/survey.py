"""Looks at the ranks of a run when it starts: their groups, their links, where weights fit."""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
from torch import Tensor, distributed, nn

from models.distributed.links import groups_of, measure_links
from models.distributed.sharding import plan_sharding
from models.distributed.topology import Place, find_places, number

_SHARE_OF_MEMORY = 0.5  # for weights, gradients and optimizer; the rest is for activations


def survey(module: nn.Module, device: torch.device) -> list[str]:
    """Sentences on groups, placement and predicted bytes a link; all ranks must call this.

    The training loop keeps copies of the weights (DDP). Networks that do not fit so are placed by
    ``models.distributed.sharding.place_weights``, and the plan says so.
    """
    places, megabits = find_places(), measure_links(device)
    groups = group_ranks(places, megabits)
    weights = sum(p.numel() for p in module.parameters())
    told = [f"{len(groups)} ranks in {max(groups) + 1} groups by {_reason(places)}: {groups}"]
    try:
        plan = plan_sharding(groups, weights, memory_bytes=_least_memory(places, device))
    except ValueError as error:
        return [*told, str(error)]
    return [*told, *plan.lines(megabits)]


def group_ranks(places: Sequence[Place], megabits: Tensor) -> list[int]:
    """Group of each rank: by host; on one host by memory node; where that says nothing, by links.

    Args:
        places: of all ranks.
        megabits: ``[n, n]`` between them.
    """
    reason = _reason(places)
    if reason == "host":
        return number([place[:2] for place in places])
    if reason == "memory node":
        return number([place.numa for place in places])
    return groups_of(megabits)


def _reason(places: Sequence[Place]) -> str:
    if len({place[:2] for place in places}) > 1:
        return "host"
    known = {place.numa for place in places}
    return "memory node" if len(known) > 1 and -1 not in known else "measured links"


def _least_memory(places: Sequence[Place], device: torch.device) -> float:
    """Bytes that the poorest rank may use, the same on all."""
    if device.type == "cuda":
        mine = _SHARE_OF_MEMORY * torch.cuda.get_device_properties(device).total_memory
    else:
        here = places[distributed.get_rank()]
        beside = sum(place.host == here.host for place in places)
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        mine = _SHARE_OF_MEMORY * physical / beside
    least = torch.tensor(float(mine), dtype=torch.float64, device=device)
    distributed.all_reduce(least, op=distributed.ReduceOp.MIN)
    return float(least)
