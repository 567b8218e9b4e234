"""How fast the links between ranks are, and which ranks the fast ones join.

Measured because names do not tell: devices of one host may or may not share NVLink, and hosts of
one cluster may hang on different switches.
"""

from __future__ import annotations

import time
from itertools import pairwise

import torch
from torch import Tensor, distributed

from models.distributed.topology import number

CLEARLY_FASTER = 2.0  # a link that joins a group is so many times as fast as one that leaves it
_PROBE_VALUES = 2**15  # 128 KiB: a fifth of a second there and back at 10 Mb/s
_TRIES = 3


def measure_links(device: torch.device, *, values: int = _PROBE_VALUES) -> Tensor:
    """Megabits a second from each rank to each other, the same on all ranks.

    Pairs take turns, each pair alone, the best of a few tries; so it takes ``n (n - 1) / 2``
    short messages one after the other. All ranks must call this at the same place.

    Args:
        device: where gradients are.
        values: 32-bit numbers in a message.

    Returns:
        ``[n, n]`` float64 on the CPU, symmetric, infinite on the diagonal.
    """
    rank, world = distributed.get_rank(), distributed.get_world_size()
    seconds = torch.zeros(world, world, dtype=torch.float64, device=device)
    message = torch.zeros(values, device=device)
    for first in range(world):
        for second in range(first + 1, world):
            distributed.barrier()
            if rank in (first, second):
                other = second if rank == first else first
                tries = [_ping(message, other, leads=rank == first) for _ in range(_TRIES)]
                # what a shaped link has saved up is spent on the first
                seconds[rank, other] = min(tries[1:])
    distributed.all_reduce(seconds)
    there_and_back = (seconds + seconds.T) / 2
    megabits = 2 * 32 * values / 1e6 / there_and_back.cpu().clamp(min=1e-12)
    return megabits.fill_diagonal_(torch.inf)


def groups_of(megabits: Tensor) -> list[int]:
    """Return the number of the group of each rank: those that clearly faster links join.

    Links are sorted; where one is ``CLEARLY_FASTER`` than the next, those above join. The widest
    such gap counts; without any, all ranks are one group.

    Args:
        megabits: ``[n, n]`` as measured.
    """
    world = len(megabits)
    links = sorted({float(megabits[a, b]) for a in range(world) for b in range(a)}, reverse=True)
    gaps = [(fast / slow, fast) for fast, slow in pairwise(links)]
    if not gaps or max(gaps)[0] < CLEARLY_FASTER:
        return [0] * world
    _, least = max(gaps)
    group = list(range(world))
    for a in range(world):
        for b in range(a):
            if float(megabits[a, b]) >= least and group[a] != group[b]:
                old, new = group[a], group[b]
                group = [new if one == old else one for one in group]
    return number(group)


def _ping(message: Tensor, other: int, *, leads: bool) -> float:
    """Seconds there and back; the first of a pair measures, the other answers alike."""
    started = time.perf_counter()
    if leads:
        distributed.send(message, other)
        distributed.recv(message, other)
    else:
        distributed.recv(message, other)
        distributed.send(message, other)
    if message.device.type == "cuda":
        torch.cuda.synchronize(message.device)
    return time.perf_counter() - started
