"""Batches of nodules and words, as each stage of the curriculum wants them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int
from pydantic import BaseModel, ConfigDict, Field

from medical.malignancy.context import ClinicalContext
from medical.training.malignancy.cache import TokenCache
from medical.training.malignancy.nodules import DESCRIPTORS, RatedNodule
from medical.training.malignancy.phrases.senseless import nonsense, without_order
from medical.training.malignancy.phrases.write import (
    Looks,
    Style,
    draw_context,
    write_report,
)
from models.starnet.tokenizer import Tokenizer
from models.training.curriculum import Curriculum
from models.training.two_modalities import UNKNOWN, ReadingBatch

_PATIENT_ONLY = 0.1  # share of texts that tell of the patient, not of the nodule
_NO_ORDER = 0.15  # share of senseless texts that are the words of a report in any order
_ALIKE = 3  # ratings that differ by no more in all are no proof that a text is another nodule's
_FACTS = ("age_years", "female", "pack_years", "emphysema", "cancer_history", "upper_lobe")


class Shares(BaseModel):
    """A stage's batches: shares of nodules, the rest has image and its own text.

    Args:
        absent: no text.
        unseen: no image.
        shuffled: the text of another nodule.
        nonsense: a text that says nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    absent: float = Field(default=0.15, ge=0, le=1)
    unseen: float = Field(default=0.05, ge=0, le=1)
    shuffled: float = Field(default=0.1, ge=0, le=1)
    nonsense: float = Field(default=0.1, ge=0, le=1)


class ReadingBatches:
    """Draws batches; each is decided by seed and step alone, so a run resumes by its step.

    Args:
        nodules: of the whole collection.
        tokens: theirs.
        rows: of those that are trained on.
        tokenizer: cuts the words.
        curriculum: whose stages give ``Shares``.
        size: of a batch.
        most: tokens of a text.
        seed: of all draws.
    """

    def __init__(
        self,
        nodules: Sequence[RatedNodule],
        tokens: TokenCache,
        rows: Int[np.ndarray, " n"],
        *,
        tokenizer: Tokenizer,
        curriculum: Curriculum,
        size: int,
        most: int,
        seed: int,
    ) -> None:
        self.nodules, self.tokens, self.rows = nodules, tokens, rows
        self.tokenizer, self.curriculum = tokenizer, curriculum
        self.size, self.most, self.seed, self.step = size, most, seed, 0
        self.targets = np.array([target_of(nodule) for nodule in nodules], np.float32)
        self.ratings = np.stack([ratings_of(nodule) for nodule in nodules])

    def seek(self, step: int) -> None:
        """Get ready for a step."""
        self.step = step

    def __call__(self) -> ReadingBatch:
        """Draw the batch of this step."""
        rng = np.random.default_rng((self.seed, self.step))
        stage = self.curriculum.stages[self.curriculum.number_at(self.step)]
        shares = Shares.model_validate(stage.batches)
        self.step += 1
        rows = rng.choice(self.rows, self.size, replace=self.size > len(self.rows))
        views = rng.integers(0, self.tokens.views, self.size)
        image = self.tokens.pick(rows, views)
        kinds = rng.random(self.size)
        ends = np.cumsum([shares.absent, shares.unseen, shares.shuffled, shares.nonsense])
        kind = np.searchsorted(ends, kinds, side="right")
        texts, genuine, facts = [], [], []
        for row, which in zip(rows, kind, strict=True):
            text, own, context = self._words(int(row), int(which), rng)
            texts.append(text)
            genuine.append(own)
            facts.append(facts_of(context))
        return ReadingBatch(
            image=image,
            text=self.tokenizer.batch(texts, most=self.most),
            seen=torch.from_numpy(kind != 1),
            target=torch.from_numpy(self.targets[rows]),
            genuine=torch.tensor(genuine),
            ratings=torch.from_numpy(self.ratings[rows]),
            context=torch.tensor(facts),
        )

    def _words(
        self, row: int, kind: int, rng: np.random.Generator
    ) -> tuple[str, float, ClinicalContext | None]:
        """Text, whether it is the nodule's, and the patient it tells of."""
        if kind == 0:
            return "", UNKNOWN, None
        if kind == 3 and rng.random() >= _NO_ORDER:
            return nonsense(rng), 0.0, None
        source = int(rng.choice(self.rows)) if kind in (2, 3) else row
        context = draw_context(rng) if rng.random() < 0.5 else None
        if kind == 4 and rng.random() < _PATIENT_ONLY:
            return self._written(Looks(), draw_context(rng), rng), UNKNOWN, None
        text = self._written(looks_of(self.nodules[source]), context, rng)
        if kind == 3:
            return without_order(text, rng), 0.0, None
        if kind != 2:
            return text, 1.0 if text else UNKNOWN, context
        first, other = (self.nodules[index].descriptors for index in (row, source))
        apart = sum(abs(first[name] - other[name]) for name in DESCRIPTORS)
        return text, 0.0 if apart > _ALIKE else UNKNOWN, context

    def _written(
        self, looks: Looks, context: ClinicalContext | None, rng: np.random.Generator
    ) -> str:
        style = Style(
            language="en" if rng.random() < 0.5 else "zh",
            mentioned=float(rng.choice([0.5, 0.85, 1.0])),
            errors=float(rng.choice([0.0, 0.01, 0.04])),
        )
        return write_report(looks, context, style=style, rng=rng)


def looks_of(nodule: RatedNodule) -> Looks:
    """Take from a nodule what may be said of its looks: all but its malignancy."""
    return Looks(ratings=nodule.descriptors, diameter_mm=nodule.diameter_mm)


def target_of(nodule: RatedNodule) -> float:
    """Mean rating of its readers, 1 to 5, as 0 to 1."""
    return (nodule.mean_malignancy - 1) / 4


def ratings_of(nodule: RatedNodule) -> np.ndarray:
    """Descriptors as 0 to 1."""
    return np.array([(nodule.descriptors[name] - 1) / 5 for name in DESCRIPTORS], np.float32)


def facts_of(context: ClinicalContext | None) -> list[float]:
    """Facts of a context as numbers, ``UNKNOWN`` where there is none."""
    if context is None:
        return [UNKNOWN] * len(_FACTS)
    values = [getattr(context, name) for name in _FACTS]
    scale = [0.01, 1.0, 0.01, 1.0, 1.0, 1.0]
    return [
        UNKNOWN if value is None else float(value) * factor
        for value, factor in zip(values, scale, strict=True)
    ]
