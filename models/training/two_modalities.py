"""StarNet's losses on one batch, of any stage of its curriculum, alone or beside a teacher.

What a stage teaches follows from its batches: a batch without text teaches the image alone, one
without images the text alone; texts that belong to another nodule, or say nothing, teach distrust.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.starnet.config import CONTEXT
from models.starnet.image_tokens import ImageTokens
from models.starnet.network import Reading, StarNet
from models.starnet.text_encoder import Text
from models.training.distillation.detector import logit_loss

UNKNOWN = -1.0
_NUMBERS = (0, 2)  # of the context's fields: age and pack-years, in hundreds


class ReadingBatch(NamedTuple):
    """``n`` nodules with their words."""

    image: ImageTokens
    text: Text
    seen: Tensor  # [n] bool, whether the image may be used
    target: Tensor  # [n] readers' mean rating, 0 to 1
    genuine: Tensor  # [n] 1 the text is this nodule's, 0 it is not, UNKNOWN either or none
    ratings: Tensor  # [n, 7] looks, 0 to 1
    context: Tensor  # [n, 6] facts in the text; UNKNOWN where it does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingWeights:
    """Weights of the parts of the loss; the risk's own is 1."""

    error: float = 0.1
    ratings: float = 0.6
    context: float = 0.2
    trust: float = 0.2
    contrast: float = 0.1
    budget: float = 1.0
    distil: float = 0.5


class ReadingTask(nn.Module):
    """StarNet as the training loop wants it.

    Args:
        network: learns.
        weights: of the parts.
        teacher: of the usual design, trained; it is not stored with the module.
    """

    def __init__(
        self, network: StarNet, *, weights: ReadingWeights, teacher: StarNet | None = None
    ) -> None:
        super().__init__()
        self.network, self.weights = network, weights
        self._teacher = [teacher.eval().requires_grad_(False)] if teacher else []

    def losses(self, batch: ReadingBatch) -> dict[str, Tensor]:
        """Return the weighted parts by name."""
        reading: Reading = self.network(batch.image, batch.text, seen=batch.seen)
        w = self.weights
        has_text = batch.text.present.any(1)
        parts = {
            "risk": functional.binary_cross_entropy_with_logits(reading.logit, batch.target),
            "error": w.error * error_loss(reading, batch.target),
            "ratings": w.ratings * _ratings_loss(reading, batch, has_text),
            "context": w.context * context_loss(reading.context, batch.context),
            "trust": w.trust * trust_loss(reading, batch.genuine),
            "contrast": w.contrast
            * contrastive_loss(reading, batch.genuine, self.network.temperature),
        }
        if self.network.config.dynamic:
            over = (reading.asked.mean(0) - self.network.config.budget).clamp(min=0)
            parts["budget"] = w.budget * over.sum()
        for teacher in self._teacher:
            with torch.no_grad():
                wanted = teacher(batch.image, batch.text, seen=batch.seen)
            parts["distil_risk"] = w.distil * logit_loss(reading.logit, wanted.logit)
            parts["distil_gate"] = w.distil * _gate_loss(reading, wanted)
        return parts


def error_loss(reading: Reading, target: Tensor) -> Tensor:
    """Laplace's likelihood of the error; the risk itself is not moved by it."""
    error = (torch.sigmoid(reading.logit).detach() - target).abs()
    return (error / reading.expected_error + reading.expected_error.log()).mean()


def context_loss(output: Tensor, facts: Tensor) -> Tensor:
    """Judge what the text tells of the patient: whether it does, and what.

    Args:
        output: ``[n, 12]`` values, then logits of "it tells".
        facts: ``[n, 6]``, ``UNKNOWN`` where it does not tell.
    """
    has_text = (facts != UNKNOWN).float()
    values, telling = output[:, :CONTEXT], output[:, CONTEXT:]
    numbers = torch.zeros(CONTEXT, dtype=torch.bool, device=facts.device)
    numbers[list(_NUMBERS)] = True
    known = facts.clamp(min=0)
    each = torch.where(
        numbers,
        10 * functional.smooth_l1_loss(values, known, reduction="none", beta=0.1),
        functional.binary_cross_entropy_with_logits(values, known.clamp(max=1), reduction="none"),
    )
    about = functional.binary_cross_entropy_with_logits(telling, has_text)
    return about + (each * has_text).sum() / has_text.sum().clamp(min=1)


def trust_loss(reading: Reading, genuine: Tensor) -> Tensor:
    """Cross-entropy of trust where it is known whether the text is the nodule's."""
    known = genuine != UNKNOWN
    if not known.any():
        return 0 * reading.gated.trust.sum()
    return functional.binary_cross_entropy_with_logits(reading.gated.trust[known], genuine[known])


def contrastive_loss(reading: Reading, genuine: Tensor, temperature: Tensor) -> Tensor:
    """Each image finds its own text among the batch's, and each text its image (InfoNCE).

    Source:
        van den Oord et al., arXiv 1807.03748; symmetric as in CLIP (arXiv 2103.00020).
    """
    own = genuine == 1
    if own.sum() < 2:
        return 0 * reading.image_embedding.sum()
    alike = reading.image_embedding[own] @ reading.text_embedding[own].T
    alike = alike * temperature.clamp(max=4.0).exp()
    numbers = torch.arange(len(alike), device=alike.device)
    both = functional.cross_entropy(alike, numbers) + functional.cross_entropy(alike.T, numbers)
    return both / 2


def _ratings_loss(reading: Reading, batch: ReadingBatch, has_text: Tensor) -> Tensor:
    """Compare looks by the image where it is seen, and by a text that is the nodule's."""
    own = has_text & (batch.genuine == 1)
    total = torch.zeros((), device=batch.target.device)
    for rated, where in ((reading.image_ratings, batch.seen), (reading.text_ratings, own)):
        error = (rated - batch.ratings).abs().mean(1)
        total = total + (error * where).sum() / where.sum().clamp(min=1)
    return total


def _gate_loss(reading: Reading, wanted: Reading) -> Tensor:
    """Kullback-Leibler divergence of the gates' weights."""
    student = reading.gated.weights.clamp(min=1e-6).log()
    return functional.kl_div(student, wanted.gated.weights, reduction="batchmean")
