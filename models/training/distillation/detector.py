"""A small detector learns from a large one: what it says, where, and what it sees.

For any two detectors with the output contract of ``models.detector.detector``. Three parts:

- logits: cross-entropy of the student's sigmoid against the teacher's, each cell weighted by how
  far the two are apart, so that millions of easy cells do not drown the nodules (binary
  classification distillation, arXiv 2308.14286);
- boxes: L1 of offset and log diameter, weighted by the teacher's probability: away from nodules its
  boxes mean nothing;
- features: a 1x1x1 convolution brings the student's map to the teacher's channels; both are
  normalised by channel, so only the pattern counts (Pearson correlation, PKD, arXiv 2207.02039).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.detector.contract import ATTENTION, HEAT, LOG_DIAMETER, OFFSET


@dataclass(frozen=True, slots=True, kw_only=True)
class DistillationWeights:
    """Weights of the parts; the logits' was chosen on phantoms, where 1 taught boxes only.

    Raises:
        ValueError: one is negative.
    """

    logits: float = 4.0
    boxes: float = 1.0
    features: float = 1.0

    def __post_init__(self) -> None:
        for name in ("logits", "boxes", "features"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")


def logit_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Cross-entropy of sigmoids, a cell's weight its disagreement; per unit of the teacher's heat.

    Zero gradient where both say the same.

    Args:
        student: logits of any shape.
        teacher: logits of the same shape.
    """
    wanted = torch.sigmoid(teacher)
    apart = (wanted - torch.sigmoid(student).detach()).abs()
    each = functional.binary_cross_entropy_with_logits(student, wanted, reduction="none")
    return (apart * each).sum() / wanted.sum().clamp(min=1.0)


def box_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """L1 of offset (cells) and log diameter, mean over cells weighted by the teacher's heat.

    Args:
        student: ``[n, 6, z, y, x]`` of a detector.
        teacher: the same of the teacher.
    """
    weight = torch.sigmoid(teacher[:, HEAT])
    offset = (student[:, OFFSET] - teacher[:, OFFSET]).abs().sum(1)
    size = (student[:, LOG_DIAMETER] - teacher[:, LOG_DIAMETER]).abs()
    return ((offset + size) * weight).sum() / weight.sum().clamp(min=1e-6)


def feature_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """One less the mean correlation of channels, 0 to 2.

    Args:
        student: ``[n, c, z, y, x]``; brought to the teacher's grid.
        teacher: ``[n, c, z, y, x]``.
    """
    if student.shape[2:] != teacher.shape[2:]:
        student = functional.interpolate(student, teacher.shape[2:], mode="trilinear")
    flat = [each.transpose(0, 1).flatten(1) for each in (student, teacher)]
    s, t = (functional.normalize(each - each.mean(1, keepdim=True), dim=1) for each in flat)
    return 1 - (s * t).sum(1).mean()


class Distiller(nn.Module):
    """A student beside its teacher; hand the module's parameters to the optimizer.

    The teacher is no part of the module: it is neither trained nor stored with it.

    Args:
        student: learns; ``[n, 1, z, y, x]`` to ``[n, 6, z/4, y/4, x/4]``.
        teacher: the same, trained.
        features: names of the submodules whose outputs are compared, the student's and the
            teacher's; ``None`` compares none.
        channels: of these outputs.
        weights: of the parts.

    Raises:
        ValueError: a weight is negative.
        AttributeError: a detector has no submodule of that name.
    """

    def __init__(
        self,
        student: nn.Module,
        teacher: nn.Module,
        *,
        features: tuple[str, str] | None = None,
        channels: tuple[int, int] = (1, 1),
        weights: DistillationWeights | None = None,
    ) -> None:
        super().__init__()
        self.student = student
        self.weights = weights or DistillationWeights()
        self._teacher = [teacher.eval().requires_grad_(False)]  # in a list: not registered
        self._seen: list[Tensor | None] = [None, None]
        self.project: nn.Module | None = None
        if features is not None:
            self.project = nn.Conv3d(*channels, kernel_size=1)
            for place, (module, name) in enumerate(zip((student, teacher), features, strict=True)):
                module.get_submodule(name).register_forward_hook(self._recorder(place))

    def forward(
        self, image: Tensor, answer: Tensor | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the student's output, and the weighted parts of the loss by name.

        Args:
            image: ``[n, 1, z, y, x]`` normalised; where the student is.
            answer: the teacher's, where it is known already; features are not compared then.
        """
        wanted = self._ask(image) if answer is None else answer.float()
        output: Tensor = self.student(image)
        predicted, weights = output.float(), self.weights
        logits = [logit_loss(predicted[:, item], wanted[:, item]) for item in (HEAT, ATTENTION)]
        parts = {
            "distil_logits": weights.logits * torch.stack(logits).sum(),
            "distil_boxes": weights.boxes * box_loss(predicted, wanted),
        }
        student_features, teacher_features = self._seen
        if (
            self.project is not None
            and student_features is not None
            and teacher_features is not None
        ):
            alike = feature_loss(self.project(student_features).float(), teacher_features.float())
            parts["distil_features"] = weights.features * alike
        self._seen = [None, None]  # a graph that is kept is memory that is lost
        return output, parts

    @torch.no_grad()
    def _ask(self, image: Tensor) -> Tensor:
        answer: Tensor = self._teacher[0].to(image.device)(image)
        return answer.float()

    def _recorder(self, place: int) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def record(_: nn.Module, __: tuple[Tensor, ...], out: Tensor) -> None:
            self._seen[place] = out

        return record
