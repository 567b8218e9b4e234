from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.starnet.config import GROUPS, StarNetConfig
from models.starnet.network import projections
from tests.models.starnet.networks import SMALL, image_tokens, network, text_tokens


def test_an_absent_text_has_no_weight_and_changes_nothing() -> None:
    net, image = network(), image_tokens(2)
    first = net(image, text_tokens([0, 0]))
    longer = net(image, text_tokens([0, 0], seed=9))
    assert (first.gated.weights[:, GROUPS.index("text")] == 0).all()
    assert torch.equal(first.logit, longer.logit)


def test_an_unseen_image_changes_nothing() -> None:
    net, text = network(), text_tokens([5, 7])
    unseen = torch.zeros(2, dtype=torch.bool)
    first = net(image_tokens(2, seed=1), text, seen=unseen)
    second = net(image_tokens(2, seed=4), text, seen=unseen)
    assert torch.allclose(first.gated.weights[:, -1], torch.ones(2))
    assert torch.allclose(first.gated.votes[:, -1], second.gated.votes[:, -1], atol=1e-5)


def test_text_moves_the_risk_where_there_is_one() -> None:
    net, image = network(), image_tokens(1)
    assert net(image, text_tokens([6])).logit != net(image, text_tokens([6], seed=5)).logit


def test_a_nodule_is_read_alike_alone_and_among_others() -> None:
    net, image, text = network(), image_tokens(3), text_tokens([4, 0, 9])
    together = net(image, text)
    for row in range(3):
        alone = net(
            type(image)(*(part[row : row + 1] for part in image)),
            type(text)(*(part[row : row + 1] for part in text)),
        )
        assert torch.allclose(alone.logit, together.logit[row : row + 1], atol=1e-5)
        assert torch.allclose(
            alone.expected_error, together.expected_error[row : row + 1], atol=1e-5
        )


def test_weights_are_shares() -> None:
    weights = network()(image_tokens(4), text_tokens([3, 0, 12, 1])).gated.weights
    assert torch.allclose(weights.sum(1), torch.ones(4))
    assert (weights >= 0).all()


def test_the_usual_design_asks_with_every_token() -> None:
    asked = network(SMALL.standard())(image_tokens(1), text_tokens([4])).asked
    assert torch.equal(asked, torch.ones(1, 2))


def test_a_named_projection_has_its_rank() -> None:
    name = "image_asks.feed.into"
    part = projections(network(replace(SMALL, ranks={name: 3})))[name]
    assert part.rank == 3
    assert part.down.weight.shape == (3, 16)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="width 10 is no multiple of 4 heads"):
        StarNetConfig(width=10, heads=4)


def test_a_config_is_read_back() -> None:
    config = replace(SMALL, ranks={"text.feed.into": 4})
    assert StarNetConfig.from_dict(config.to_dict()) == config
