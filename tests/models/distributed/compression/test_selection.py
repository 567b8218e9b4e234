"""What is sent of a gradient, and its positions as few bytes."""

from __future__ import annotations

import math

import pytest
import torch

from models.distributed.compression.selection import (
    SharedTopK,
    decode_indices,
    encode_indices,
    index_bytes,
    largest,
    pack_bits,
    unpack_bits,
)


def test_share_falls_to_k() -> None:
    top = SharedTopK(k=0.01, k_start=1.0, warmup_steps=10)
    assert top.share(0) == 1.0
    assert top.share(5) == pytest.approx(0.1)
    assert [top.share(step) for step in (10, 99)] == [0.01, 0.01]


def test_everything_is_sent_while_the_share_is_one() -> None:
    top = SharedTopK(k=0.01, k_start=1.0, warmup_steps=10)
    assert top.count(1000, step=0, nodes=8) == 1000


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1000])
def test_bits_come_back(count: int) -> None:
    bits = torch.randint(0, 2, (count,), dtype=torch.uint8)
    packed = pack_bits(bits)
    assert len(packed) == math.ceil(count / 8)
    assert torch.equal(unpack_bits(packed, count), bits)


@pytest.mark.parametrize(
    ("count", "size"), [(1, 1), (1, 10**6), (5, 5), (999, 1000), (1234, 10**6)]
)
def test_positions_come_back(count: int, size: int) -> None:
    indices = torch.randperm(size)[:count].sort().values
    data = encode_indices(indices, size)
    assert len(data) == index_bytes(count, size)
    assert torch.equal(decode_indices(data, count, size), indices)


def test_first_and_last_positions_come_back() -> None:
    for indices in (torch.arange(10), torch.arange(990, 1000)):
        assert torch.equal(decode_indices(encode_indices(indices, 1000), 10, 1000), indices)


@pytest.mark.parametrize("k", [0.1, 0.01, 0.001])
def test_positions_cost_near_the_least_possible(k: float) -> None:
    size = 10**6
    least = -math.log2(k) - (1 - k) / k * math.log2(1 - k)  # bits a position, by entropy
    assert 8 * index_bytes(round(k * size), size) / (k * size) < least + 0.7


def test_broken_bytes_are_refused() -> None:
    data = torch.zeros_like(encode_indices(torch.arange(10), 1000))
    with pytest.raises(ValueError, match="hold 0"):
        decode_indices(data, 10, 1000)


def test_largest_magnitudes_are_chosen_in_order() -> None:
    assert largest(torch.tensor([1.0, -5.0, 0.0, 3.0]), 2).tolist() == [1, 3]


def test_share_falls_from_a_tenth_to_a_thousandth() -> None:
    top = SharedTopK(k=0.001, k_start=0.1, warmup_steps=100)
    assert top.share(0) == pytest.approx(0.1)
    assert top.share(50) == pytest.approx(0.01)
    assert top.share(100) == top.share(10**6) == 0.001


def test_everything_is_sent_at_one_whatever_the_nodes() -> None:
    assert SharedTopK(k=1.0, k_start=1.0).count(77, step=0, nodes=8) == 77


def test_bytes_of_a_node_do_not_grow_with_nodes() -> None:
    top = SharedTopK(k=0.01, warmup_steps=0)
    per_node = [top.count(10**6, step=0, nodes=n) * 2 * (n - 1) / n for n in (2, 4, 8, 64)]
    assert max(per_node) / min(per_node) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "wrong", [{"k": 0.0}, {"k": 1.5}, {"k": 0.5, "k_start": 0.1}, {"warmup_steps": -1}]
)
def test_impossible_shares_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="got"):
        SharedTopK(**wrong)  # type: ignore[arg-type]
