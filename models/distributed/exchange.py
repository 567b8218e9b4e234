"""What the leaders of the nodes say to each other, compressed.

A sum is a reduce-scatter (each leader gets its piece of everybody's values, all-to-all) and an
all-gather of the summed pieces (all-to-all again), both as bytes, so a node sends ``2 (n - 1) / n``
times the payload between ``n`` nodes and never more than twice. Every leader reads the same bytes,
so all end with the same sum to the bit. Whatever compression loses, on the way there or back, is
returned to the leader that can remember it: nothing gets lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, distributed
from torch.nn import functional

from models.distributed.compression.selection import (
    decode_indices,
    encode_indices,
    index_bytes,
    largest,
)
from models.distributed.compression.values import Format, decode, encode, relative_error

_NOTE_BYTES = 4


@dataclass(frozen=True, slots=True)
class Summed:
    """Outcome of one sum.

    Args:
        total: ``[n]`` the same on every leader.
        lost: ``[n]`` what this leader must remember: the losses of all leaders add up to the exact
            sum less ``total``.
        notes: ``[nodes]`` one number from each leader.
    """

    total: Tensor
    lost: Tensor
    notes: Tensor


class LeaderExchange:
    """Collectives among leaders; all of them must call the same at the same place.

    Args:
        group: of the leaders.
        generator: of stochastic rounding.
    """

    def __init__(self, group: distributed.ProcessGroup, generator: torch.Generator) -> None:
        self.group, self.generator = group, generator
        self.nodes, self.node = group.size(), group.rank()
        self.sent_bytes = 0  # handed to other leaders so far, without what the network adds

    def greatest(self, numbers: Tensor) -> Tensor:
        """Elementwise greatest over leaders."""
        distributed.all_reduce(numbers, op=distributed.ReduceOp.MAX, group=self.group)
        return numbers

    def agree_on_indices(self, values: Tensor, count: int, *, proposer: int) -> Tensor:
        """Positions of the proposer's largest values, for all (ScaleCom, arXiv 2104.11125).

        Args:
            values: ``[n]``; read on the proposer only.
            count: how many.
            proposer: number of a leader; let it go round, so that every node is heard.

        Returns:
            ``[count]`` int64, rising.
        """
        size, device = len(values), values.device
        if proposer == self.node:
            indices = largest(values, count)
            data = encode_indices(indices, size)
            self.sent_bytes += len(data) * (self.nodes - 1)
        else:
            data = torch.empty(index_bytes(count, size), dtype=torch.uint8, device=device)
        distributed.broadcast(data, group=self.group, group_src=proposer)
        return indices if proposer == self.node else decode_indices(data, count, size)

    def sum(self, values: Tensor, form: Format, *, note: float | None) -> Summed:
        """Sum ``[n]`` over leaders.

        Args:
            values: this leader's.
            form: in which they travel; the same on all leaders.
            note: one number for all leaders; the relative error of this leader's own compression
                where it is ``None``.
        """
        size = len(values)
        piece = math.ceil(size / self.nodes)
        rows = functional.pad(values, (0, piece * self.nodes - size)).view(self.nodes, piece)
        data = encode(rows, form, generator=self.generator)
        lost = rows - decode(data, piece, form).to(rows.dtype)
        lost[self.node] = 0  # the own piece does not travel
        if note is None:
            note = relative_error(rows, rows - lost)
        notes = torch.full((self.nodes, 1), note, dtype=torch.float32, device=values.device)
        letters = torch.cat([notes.view(torch.uint8), data], 1)
        self.sent_bytes += letters.shape[1] * (self.nodes - 1)
        received = torch.empty_like(letters)
        distributed.all_to_all_single(received, letters, group=self.group)
        pieces = decode(received[:, _NOTE_BYTES:], piece, form).to(rows.dtype)
        pieces[self.node] = rows[self.node]
        exact = pieces.sum(0, keepdim=True)
        data = encode(exact, form, generator=self.generator)
        lost[self.node] = (exact - decode(data, piece, form).to(rows.dtype))[0]
        self.sent_bytes += data.shape[1] * (self.nodes - 1)
        # to all at once: gloo's ring of an all-gather costs more time, and more bytes for messages
        gathered = torch.empty((self.nodes, data.shape[1]), dtype=torch.uint8, device=data.device)
        copies = data.expand(self.nodes, -1).contiguous()
        distributed.all_to_all_single(gathered, copies, group=self.group)
        total = decode(gathered, piece, form).to(rows.dtype)
        notes_received = received[:, :_NOTE_BYTES].flatten().clone().view(torch.float32)
        return Summed(total.flatten()[:size], lost.flatten()[:size], notes_received)
