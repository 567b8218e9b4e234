"""The refinement stage with a classifier trunk of its own, and without."""

from __future__ import annotations

import torch

from models.detector.refiner import Refiner, RefinerConfig

SMALL = RefinerConfig(widths=(4, 8, 8), hidden=8)
APART = RefinerConfig(widths=(4, 8, 8), hidden=8, own_classifier=True)


def crops() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    near, context = torch.randn(2, 3, 1, 32, 32, 32)
    return near, context, torch.tensor([24.0, 40.0, 60.0])


def made(config: RefinerConfig) -> Refiner:
    torch.manual_seed(0)
    return config.build().eval()


def test_what_is_embedded_once_gives_what_the_whole_pass_gives() -> None:
    for config in (SMALL, APART):
        refiner = made(config)
        near, context, near_mm = crops()
        with torch.no_grad():
            whole, mask = refiner(near, context, near_mm)
            once = refiner.embed(near, context, near_mm)
            logit = refiner.classify(
                refiner.classifier_features(near, context, near_mm), drop=False
            )
            size = refiner.apply_head(once.features, drop=False)[:, 1] + (near_mm / 3).log()
        assert torch.equal(whole.logit, logit)
        assert torch.equal(whole.log_diameter, size)
        assert torch.equal(mask, once.mask_logits)


def test_the_judges_trunk_decides_alone() -> None:
    refiner = made(APART)
    near, context, near_mm = crops()
    with torch.no_grad():
        before, _ = refiner(near, context, near_mm)
        for parameter in (*refiner.near.parameters(), *refiner.hidden1.parameters()):
            parameter.add_(0.5)
        after, _ = refiner(near, context, near_mm)
    assert torch.equal(before.logit, after.logit)
    assert not torch.equal(before.log_diameter, after.log_diameter)


def test_the_judges_trunk_says_nothing_of_size() -> None:
    refiner = made(APART)
    assert refiner.own is not None
    near, context, near_mm = crops()
    with torch.no_grad():
        before, mask = refiner(near, context, near_mm)
        for parameter in refiner.own.parameters():
            parameter.add_(0.5)
        after, mask_after = refiner(near, context, near_mm)
    assert not torch.equal(before.logit, after.logit)
    assert torch.equal(before.log_diameter, after.log_diameter)
    assert torch.equal(mask, mask_after)


def test_weights_of_one_trunk_still_fit() -> None:
    first, two = made(SMALL), made(APART)
    missing, unexpected = two.load_state_dict(first.state_dict(), strict=False)
    assert not unexpected
    assert all(name.startswith("own.") for name in missing)


def test_dropout_samples_differ_in_one_batch() -> None:
    refiner = made(APART)
    near, context, near_mm = crops()
    with torch.no_grad():
        features = refiner.classifier_features(near, context, near_mm)
        torch.manual_seed(0)
        logits = refiner.classify(features.expand(8, *features.shape), drop=True)
    assert logits.shape == (8, 3)
    assert (logits.std(0) > 0).all()
