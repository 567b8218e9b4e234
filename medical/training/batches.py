"""Batches of a curriculum: each stage has a nodule engine of its own configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from typing import Any, Self, cast

import torch
from torch import Tensor

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.config import FORMER_NAMES, AugmentationConfig
from medical.synthesis.insertion.engine import NoduleEngine, TrainingBatch
from medical.synthesis.nodules.pool import NodulePool
from medical.training.cases.preparing import around_rejected
from models.detector.contract import OFFSET
from models.training.curriculum import Curriculum, Stage
from models.training.prefetch import Prefetch

HARD_NEGATIVES = "hard_negatives"


class Echo:
    """A maker of batches that turns each into several.

    Args:
        make: makes a batch.
        times: how often each is used, at least 1; the first time as it is.
        teacher: asked once for each that is made; its answer is turned with the image.
    """

    def __init__(
        self,
        make: Callable[[], TrainingBatch],
        *,
        times: int,
        teacher: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        if times < 1:
            raise ValueError(f"times must be at least 1, got {times}")
        self.make, self.times, self.teacher = make, times, teacher
        self.batch: TrainingBatch | None = None
        self.used = 0

    def __call__(self) -> TrainingBatch:
        """Return the next batch."""
        if self.batch is None or self.used == self.times:
            self.batch, self.used = self.make(), 1
            if self.teacher is not None:
                self.batch = self.batch._replace(answer=self.teacher(self.batch.image))
            return self.batch
        self.used += 1
        order = torch.randperm(3).tolist()
        mirrored = [axis for axis in range(3) if float(torch.rand(())) < 0.5]
        return turned(self.batch, order=order, mirrored=mirrored)


def turned(batch: TrainingBatch, *, order: list[int], mirrored: list[int]) -> TrainingBatch:
    """Return the same patches with their axes exchanged, then mirrored.

    Args:
        batch: cubes.
        order: which of the axes (z, y, x) = (0, 1, 2) becomes the first, second and third.
        mirrored: which of the new axes are turned round.
    """
    last = batch.image.shape[-1] - 1

    def volume(x: Tensor) -> Tensor:
        moved = x.permute(0, 1, *(2 + axis for axis in order))
        return moved.flip([2 + axis for axis in mirrored]).contiguous()

    centers = batch.centers[..., order].clone()
    for axis in mirrored:
        centers[..., axis] = last - centers[..., axis]
    answer = batch.answer
    if answer is not None:
        answer = volume(answer)
        offset = answer[:, OFFSET][:, order]
        for axis in mirrored:
            offset[:, axis] *= -1
        answer = torch.cat([answer[:, : OFFSET.start], offset, answer[:, OFFSET.stop :]], 1)
    return batch._replace(
        image=volume(batch.image), label=volume(batch.label), centers=centers, answer=answer
    )


def augmentation_of(stage: Stage) -> AugmentationConfig:
    """Return what a stage's engine mixes; what it does not say is as without stages.

    Raises:
        ValueError: the stage names what no augmentation has, or a value that it refuses.
    """
    known = {field.name for field in fields(AugmentationConfig)}
    given = {
        FORMER_NAMES.get(name, name): value
        for name, value in stage.batches.items()
        if name != HARD_NEGATIVES
    }
    if unknown := sorted(set(given) - known):
        may = ", ".join(sorted([*known, HARD_NEGATIVES]))
        raise ValueError(f"stage '{stage.name}': {unknown[0]} is unknown; there are {may}")
    try:
        return AugmentationConfig(**{name: _fixed(value) for name, value in given.items()})
    except (TypeError, ValueError) as error:
        raise ValueError(f"stage '{stage.name}': {error}") from error


def _fixed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class StagedBatches:
    """Makes batches of the stage that the loop's step belongs to. Use as a context.

    Args:
        cases: real lungs; those around rejected findings join in stages with ``hard_negatives``,
            which all have that do not say otherwise.
        pool: nodules to insert.
        curriculum: the stages.
        device: where batches are made, one ahead on an accelerator.
        batch: patches a step, a multiple of 4.
        patch: edge of a patch, millimetres, a multiple of 16.
        seed: of the distractors' shapes.
        chests: synthetic lungs without nodules, drawn beside the cases.
        chest_share: of the patches that come from them, where there are any.
        echoes: how often each batch is used.
        teacher: whose answers to the images come with the batches.
    """

    def __init__(
        self,
        cases: Sequence[TrainingCase],
        pool: NodulePool,
        curriculum: Curriculum,
        *,
        device: torch.device,
        batch: int,
        patch: int,
        seed: int,
        chests: Sequence[TrainingCase] = (),
        chest_share: float = 0.3,
        echoes: int = 1,
        teacher: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.teacher = teacher
        self.chests, self.chest_share, self.echoes = list(chests), chest_share, echoes
        self.cases, self.pool, self.curriculum = list(cases), pool, curriculum
        self.device, self.batch, self.patch, self.seed = device, batch, patch, seed
        for stage in curriculum.stages:
            augmentation_of(stage)  # what is wrong in the last stage shows before the first
        self._number: int | None = None
        self._make: Callable[[], TrainingBatch] | None = None
        self._ahead: Prefetch[TrainingBatch] | None = None

    def seek(self, step: int) -> None:
        """Make batches of the stage of this step from now on."""
        number = self.curriculum.number_at(step)
        if number == self._number:
            return
        self._close()
        stage = self.curriculum.stages[number]
        cases = list(self.cases)
        if stage.batches.get(HARD_NEGATIVES, True):
            cases += [hard for case in cases for hard in around_rejected(case)]
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):  # a run resumed here draws the same
            engine = NoduleEngine(
                [*cases, *self.chests],
                self.pool,
                device=self.device,
                patch=self.patch,
                augmentation=augmentation_of(stage),
                seed=self.seed,
            )
        self._weigh_chests(engine, real=len(cases))
        make: Callable[[], TrainingBatch] = partial(engine.batch, self.batch)
        if self.echoes > 1 or self.teacher is not None:
            make = Echo(make, times=self.echoes, teacher=self.teacher)
        self._make = make
        if devices:
            self._ahead = Prefetch(make, device=self.device)
        self._number = number

    def __call__(self) -> TrainingBatch:
        """Return the next batch."""
        if self._make is None:
            self.seek(0)
        if self._ahead is not None:
            return self._ahead()
        return cast(Callable[[], TrainingBatch], self._make)()  # set by ``seek``

    def _weigh_chests(self, engine: NoduleEngine, *, real: int) -> None:
        """Let patches come from the chests as often as was asked, whatever the number of lungs."""
        if self.chests:
            weights = engine.background.weights
            odds = self.chest_share / (1 - self.chest_share)
            weights[real:] *= odds * float(weights[:real].sum()) / float(weights[real:].sum())

    def settle(self) -> None:
        """Wait for the batch in the making."""
        if self._ahead is not None:
            self._ahead.settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._ahead is not None:
            self._ahead.__exit__()
        self._ahead = self._make = None
