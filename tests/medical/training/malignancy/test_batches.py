from __future__ import annotations

import numpy as np
import pytest
import torch

from medical.training.malignancy.batches import ReadingBatches
from medical.training.malignancy.cache import TokenCache
from medical.training.malignancy.fit import RECIPE
from medical.training.malignancy.nodules import DESCRIPTORS, Nodule
from models.starnet.config import StarNetConfig
from models.starnet.network import StarNet
from models.training.curriculum import read_curriculum
from models.training.two_modalities import UNKNOWN, ReadingTask, ReadingWeights
from models.zoo.starnet import load_starnet

_IMAGE, _TEXT, _ALIGNMENT, _JOINT = range(4)


def _nodule(number: int) -> Nodule:
    rng = np.random.default_rng(number)
    empty = np.zeros((2, 2, 2), np.float32)
    return Nodule(
        name=f"n{number}",
        patient=f"p{number // 2}",
        hu=empty,
        mask=empty > 0,
        diameter_mm=5.0 + number,
        descriptors={name: int(rng.integers(1, 6)) for name in DESCRIPTORS},
        malignancy=int(rng.integers(1, 6)),
        readers=((1,) * 7 + (2,), (1,) * 7 + (5,)),
    )


@pytest.fixture(scope="module")
def batches() -> ReadingBatches:
    shapes = ((64, 33), (8, 65), (4, 96), (20,))
    rng = np.random.default_rng(0)
    parts = tuple(rng.normal(size=(12, 3, *shape)).astype(np.float16) for shape in shapes)
    return ReadingBatches(
        [_nodule(number) for number in range(12)],
        TokenCache(parts),
        np.arange(8),
        tokenizer=load_starnet().tokenizer,
        curriculum=read_curriculum(RECIPE),
        size=16,
        most=64,
        seed=3,
    )


def _first_step(batches: ReadingBatches, stage: int) -> int:
    return sum(each.steps for each in batches.curriculum.stages[:stage])


def test_the_image_is_taught_without_words(batches: ReadingBatches) -> None:
    batches.seek(_first_step(batches, _IMAGE))
    batch = batches()
    assert not batch.text.present.any()
    assert batch.seen.all()


def test_words_are_taught_without_the_image(batches: ReadingBatches) -> None:
    batches.seek(_first_step(batches, _TEXT))
    batch = batches()
    assert batch.text.present.any(1).all()
    assert not batch.seen.any()


def test_a_step_gives_the_same_batch_again(batches: ReadingBatches) -> None:
    first, second = [], []
    for batch in (first, second):
        batches.seek(_first_step(batches, _JOINT) + 5)
        batch.append(batches())
    assert torch.equal(first[0].text.ids, second[0].text.ids)
    assert torch.equal(first[0].image.fine, second[0].image.fine)


def test_the_target_is_the_readers_mean(batches: ReadingBatches) -> None:
    batches.seek(0)
    assert torch.allclose(batches().target, torch.full((16,), (3.5 - 1) / 4))


def test_texts_of_others_are_no_proof_of_trust(batches: ReadingBatches) -> None:
    batches.seek(_first_step(batches, _ALIGNMENT))
    assert set(batches().genuine.tolist()) <= {0.0, 1.0, UNKNOWN}


@pytest.mark.parametrize("stage", range(4))
def test_every_stage_gives_finite_losses_and_gradients(batches: ReadingBatches, stage: int) -> None:
    torch.manual_seed(0)
    batches.seek(_first_step(batches, stage))
    task = ReadingTask(StarNet(StarNetConfig(dropout=0.0)), weights=ReadingWeights())
    parts = task.losses(batches())
    torch.stack(list(parts.values())).sum().backward()
    grads = [p.grad for p in task.parameters() if p.grad is not None]
    assert all(torch.isfinite(value) for value in parts.values())
    assert all(torch.isfinite(grad).all() for grad in grads)
    assert sum(float(grad.abs().sum()) for grad in grads) > 0


def test_a_student_that_says_what_its_teacher_says_has_no_gradient_from_it(
    batches: ReadingBatches,
) -> None:
    torch.manual_seed(0)
    network = StarNet(StarNetConfig(dropout=0.0).standard()).eval()
    teacher = StarNet(network.config).eval()
    teacher.load_state_dict(network.state_dict())
    batches.seek(_first_step(batches, _JOINT))
    task = ReadingTask(network, weights=ReadingWeights(), teacher=teacher)
    parts = task.losses(batches())
    (parts["distil_risk"] + parts["distil_gate"]).backward()
    largest = max(float(p.grad.abs().max()) for p in network.parameters() if p.grad is not None)
    assert largest < 1e-5
