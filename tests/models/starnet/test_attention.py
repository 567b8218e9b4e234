from __future__ import annotations

import torch

from models.starnet.attention import MIN_QUERIES, CrossAttention, chosen
from models.starnet.layers import Maker
from tests.models.starnet.networks import SMALL


def _attention(seed: int = 0) -> CrossAttention:
    torch.manual_seed(seed)
    attention = CrossAttention(SMALL, make=Maker({})).eval()
    for part in attention.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    return attention


def _inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    here, there = torch.ones(3, 9, dtype=torch.bool), torch.ones(3, 5, dtype=torch.bool)
    here[1, 6:], there[2] = False, False
    return torch.randn(3, 9, 16), here, torch.randn(3, 5, 16), there


def test_leaving_queries_out_gives_what_masking_them_gave_in_training() -> None:
    attention, inputs = _attention(), _inputs()
    used = attention(*inputs)
    attention.train()
    assert torch.allclose(attention(*inputs).tokens, used.tokens, atol=1e-5)


def test_only_chosen_tokens_change() -> None:
    attention, (tokens, here, others, there) = _attention(), _inputs()
    after = attention(tokens, here, others, there)
    changed = (after.tokens != tokens).any(-1)
    assert torch.equal(changed.sum(1), (after.share * here.sum(1)).round().long())
    assert not changed[2].any()  # nothing answered
    assert not changed[1, 6:].any()


def test_what_asks_depends_on_what_the_other_says() -> None:
    attention, (tokens, here, others, there) = _attention(), _inputs()
    with torch.no_grad():
        attention.score.weight.mul_(40)  # untrained wishes all lie near one half
    first = attention(tokens, here, others, there).tokens != tokens
    second = attention(tokens, here, others.flip(0) * 5, there).tokens != tokens
    assert not torch.equal(first[:2].any(-1), second[:2].any(-1))


def test_at_least_the_strongest_ask() -> None:
    wish, here = torch.tensor([[0.1, 0.3, 0.2, 0.4]]), torch.ones(1, 4, dtype=torch.bool)
    assert chosen(wish, here).tolist() == [[False, True, False, True]]
    assert int(chosen(wish, here).sum()) == MIN_QUERIES


def test_the_wish_learns() -> None:
    attention, inputs = _attention(), _inputs()
    attention.train()
    attention(*inputs).tokens.square().sum().backward()
    assert attention.score.weight.grad is not None
    assert attention.score.weight.grad.abs().sum() > 0
