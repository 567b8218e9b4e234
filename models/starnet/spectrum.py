"""Ranks by the spectrum of a trained network, and a network of these ranks that starts from it."""

from __future__ import annotations

import torch
from torch import nn

from models.starnet.config import StarNetConfig
from models.starnet.network import StarNet, projections


@torch.no_grad()
def ranks_of(network: StarNet, *, energy: float) -> dict[str, int]:
    """Choose ranks: as many singular values as hold that share of the energy (sum of squares).

    A map whose factors would hold more numbers than it does itself keeps its full rank.

    Args:
        network: trained, of full rank.
        energy: share to hold, above 0, below 1.

    Raises:
        ValueError: the share lies outside its range.
    """
    if not 0 < energy < 1:
        raise ValueError(f"energy must lie between 0 and 1, got {energy}")
    matrices = {name: part.full.weight for name, part in projections(network).items() if part.full}
    matrices["embedding"] = network.text.embed.weight
    ranks: dict[str, int] = {}
    for name, matrix in matrices.items():
        squares = torch.linalg.svdvals(matrix) ** 2
        held = squares.cumsum(0) / squares.sum()
        rank = int((held < energy).sum()) + 1
        rows, columns = matrix.shape
        if rank * (rows + columns) < rows * columns:
            ranks[name] = rank
    return ranks


@torch.no_grad()
def start_from(config: StarNetConfig, teacher: StarNet) -> StarNet:
    """Make a network that begins as near to the teacher as its ranks allow.

    Args:
        config: of the new network; its width is the teacher's.
        teacher: of full rank.
    """
    student = StarNet(config)
    own, given = student.state_dict(), teacher.state_dict()
    same = {n: v for n, v in given.items() if n in own and own[n].shape == v.shape}
    student.load_state_dict({**own, **same})
    from_teacher = projections(teacher)
    for name, part in projections(student).items():
        if name in from_teacher:
            part.copy_from(from_teacher[name])
    embedding = student.text.widen
    if isinstance(embedding, nn.Linear):
        u, s, v = torch.linalg.svd(teacher.text.embed.weight, full_matrices=False)
        rank = embedding.in_features
        root = s[:rank].sqrt()
        student.text.embed.weight.copy_(u[:, :rank] * root)
        embedding.weight.copy_((root[:, None] * v[:rank]).T)
    return student
