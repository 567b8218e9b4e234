"""A smaller first stage: pruned, taught by its teacher on CTs, then taught to run in eight bits.

How a layer's share is found is ``models.compression.pruning``'s. What is left after pruning and
after each phase is kept; run again on the same folder, what is done is taken from there and the
phase that was cut off goes on from its checkpoint.
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from medical.files import written_atomically
from medical.synthesis.insertion.engine import TrainingBatch
from medical.training.compressing.plan import CompressionPlan
from medical.training.fit import Material
from medical.training.lessons import Lessons, phase_config, save_weights
from medical.training.recipes import Recipe
from models.compression.pruning import (
    ChannelGroup,
    ConvolutionCosts,
    channel_groups,
    choose_shares,
    count_channels,
    measure_sensitivity,
    prune,
)
from models.compression.quantization import quantize_convolutions
from models.compression.shapes import resize_to_weights
from models.compression.student import DistilledFirstStage, asking
from models.detector.both_views import BothViews
from models.detector.detector import Detector
from models.training.distillation.detector import DistillationWeights, box_loss, logit_loss
from models.training.ranks import Ranks
from models.training.two_stage import TwoStage

_log = logging.getLogger(__name__)

UNTAUGHT, PRUNED, EIGHT_BIT = (
    f"{name}.safetensors" for name in ("untaught", "pruned", "eight-bit")
)
"""Weights after pruning and after the phases."""
IN_FULL_PRECISION = (
    "heads.heat",
    "heads.offset",
    "heads.log_diameter",
    "attention.score",
    "encoder.stage8.1.excite",
    "encoder.stage16.1.excite",
)
"""Outputs and channel attention: a thousandth of the multiplications."""

_BATCHES = 6  # whose gradients rank the channels
_COMPARED = 2  # batches on which the harm is measured


def load_student(recipe: Recipe, weights: Path) -> Detector:
    """Build a student from the weights that a phase left, without its rounding.

    Args:
        recipe: its teacher's.
        weights: file of a phase.
    """
    stored = load_file(weights)
    detector = recipe.detector.build()
    resize_to_weights(detector, stored)
    own = detector.state_dict()
    detector.load_state_dict({name: stored[name] for name in own})
    return detector.float().eval()


def load_taught_rounded(recipe: Recipe, weights: Path) -> Detector:
    """Build a student from what the phase taught rounded left, with its rounding and bounds.

    Args:
        recipe: its teacher's.
        weights: file of that phase.

    Raises:
        KeyError: the phase did not teach it rounded.
    """
    stored = load_file(weights)
    detector = recipe.detector.build()
    resize_to_weights(detector, stored)
    quantize_convolutions(detector, except_for=IN_FULL_PRECISION)
    detector.load_state_dict({name: stored[name] for name in detector.state_dict()})
    return detector.float().eval()


@dataclass(frozen=True, slots=True, eq=False)
class FirstStageCompression:
    """Prunes a first stage, teaches it and makes it robust to eight bits.

    Args:
        teacher: both stages, on the CPU; unchanged.
        material: what is learnt from.
        recipe: that the teacher was taught by; its first phase makes the batches.
        plan: how far and how long.
        out: folder; ``pruning.json`` says what each group lost and what that cost,
            ``untaught.safetensors``, ``pruned.safetensors`` and ``eight-bit.safetensors`` are the
            weights after pruning and after the phases.
        device: CPU or accelerator.
    """

    teacher: TwoStage
    material: Material
    recipe: Recipe
    plan: CompressionPlan
    out: Path
    device: torch.device

    def run(self) -> Detector:
        """Return the student in 32 bits on the CPU.

        Where it was taught rounded, its learned bounds are beside its weights. Of several ranks
        each calls this, on what ``prune`` left before they began.
        """
        student, plan = self.prune(), self.plan
        first = 1 - plan.eight_bit_share - plan.refinement_share
        student = self._teach(student, PRUNED, share=first, rate=1.0, seed=11)
        if not plan.eight_bit_share:
            return student.cpu()
        quantize_convolutions(student, except_for=IN_FULL_PRECISION)
        return self._teach(student, EIGHT_BIT, share=plan.eight_bit_share, rate=0.2, seed=21).cpu()

    def prune(self) -> Detector:
        """Return the pruned student, untaught, or the one that an earlier run left.

        Not for several ranks at once: their gradients differ in the last bit, and so would the
        channels that each removes.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / UNTAUGHT
        if path.exists():
            return load_student(self.recipe, path).to(self.device)
        whole = copy.deepcopy(self.teacher.detector).to(self.device).eval()
        whole.requires_grad_(True)
        with self._lessons.batches(seed=5, chests=False) as batches:
            some = [batches() for _ in range(_BATCHES)]
        learner = self._learner(whole).eval()
        for batch in some:
            with self._autocast():
                loss = torch.stack(list(learner.losses(batch).values())).sum()
            loss.backward()  # type: ignore[no-untyped-call]
        groups = channel_groups(whole)
        harm = self._sensitivity(whole, groups, some[:_COMPARED])
        shares = choose_shares(
            whole,
            groups,
            harm,
            cost=self.plan.cost,
            multiplications_count=self.plan.multiplications_count,
        )
        student = prune(whole, groups, shares)
        before, after = ConvolutionCosts.of(whole), ConvolutionCosts.of(student)
        report = {
            "shares": shares,
            "harm": harm,
            "channels": [count_channels(whole), count_channels(student)],
            "multiplications": [before.multiplications, after.multiplications],
            "weights": [before.weights, after.weights],
        }
        with written_atomically(self.out / "pruning.json") as beside:
            beside.write_text(json.dumps(report, indent=1), encoding="utf-8")
        save_weights(student, path)
        _log.info(f"channels {report['channels']}, multiplications {report['multiplications']}")
        return student

    def _sensitivity(
        self, whole: Detector, groups: list[ChannelGroup], batches: list[TrainingBatch]
    ) -> Mapping[str, list[float]]:
        teacher = self._whole_answer().to(self.device).eval()
        weights = DistillationWeights()

        @torch.no_grad()
        def answer(network: nn.Module, image: Tensor) -> Tensor:
            with self._autocast():
                output: Tensor = network(image)
            return output.float()

        wanted = [answer(teacher, batch.image) for batch in batches]

        def gap(network: Detector) -> float:
            parts = []
            for batch, target in zip(batches, wanted, strict=True):
                output = answer(network, batch.image)
                parts.append(weights.logits * float(logit_loss(output[:, 0], target[:, 0])))
                parts.append(weights.boxes * float(box_loss(output, target)))
            return sum(parts) / len(batches)

        least = gap(whole)  # not zero: cross-entropy has the teacher's own entropy in it
        return measure_sensitivity(whole, groups, lambda network: max(0.0, gap(network) - least))

    def _teach(
        self, student: Detector, file: str, *, share: float, rate: float, seed: int
    ) -> Detector:
        """Teach one phase, or take what it left."""
        path = self.out / file
        if path.exists():
            student.load_state_dict(load_file(path))
            return student.to(self.device)
        config = phase_config(self.plan.seconds * share, self.plan.learning_rate * rate)
        lessons = replace(self._lessons, teacher=asking(self._whole_answer(), self.device))
        average = lessons.teach(self._learner(student), config, out=path.with_suffix(""), seed=seed)
        taught = copy.deepcopy(average.detector).requires_grad_(True)
        if Ranks.current().first:
            save_weights(taught, path)
        return taught.eval()

    def _learner(self, student: Detector) -> DistilledFirstStage:
        teacher = self._whole_answer().to(self.device).eval()
        refiner = copy.deepcopy(self.teacher.refiner)
        return DistilledFirstStage(student, refiner, teacher=teacher).to(self.device)

    def _whole_answer(self) -> nn.Module:
        """Return the teacher; by both views where it reads in a mirror: one look learns to say it.

        One that reads windows goes on doing so in a mirror, whatever it was taught.
        """
        own = copy.deepcopy(self.teacher.detector)
        return BothViews(own) if own.local_attention and own.mirrored else own

    @property
    def _lessons(self) -> Lessons:
        return Lessons(self.material, self.recipe, self.device)

    def _autocast(self) -> torch.autocast:
        kind = self.device.type
        return torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda")
