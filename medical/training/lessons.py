"""What the phases of a compression share: batches, the schedule, and the student that is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from medical.files import written_atomically
from medical.training.batches import StagedBatches
from medical.training.fit import Material, compile_first_stage
from medical.training.recipes import Recipe
from models.training.loop import LoopConfig, train
from models.training.ranks import Ranks
from models.training.two_stage import TwoStage

_DECAY = 0.02
_WARMUP = 50


def phase_config(seconds: float, learning_rate: float) -> LoopConfig:
    """Schedule of one phase."""
    return LoopConfig(
        seconds=seconds, learning_rate=learning_rate, weight_decay=_DECAY, warmup_steps=_WARMUP
    )


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a student's weights as they are; whole or not at all."""
    with written_atomically(path) as beside:
        save_file({n: w.cpu().contiguous() for n, w in network.state_dict().items()}, beside)


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Teaches students on the same material.

    Args:
        material: what is learnt from.
        recipe: that the teacher was taught by; its first phase makes the batches.
        device: CPU or accelerator.
        teacher: whose answers come with the batches.
    """

    material: Material
    recipe: Recipe
    device: torch.device
    teacher: Callable[[Tensor], Tensor] | None = None

    def teach(self, learner: TwoStage, config: LoopConfig, *, out: Path, seed: int) -> TwoStage:
        """Teach one phase; the averaged weights. Of several ranks each draws batches of its own.

        Args:
            learner: whose losses teach, on the device.
            config: schedule.
            out: folder for checkpoints and log; a phase that was cut off goes on from there.
            seed: of batches.
        """
        learner.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        learns = any(weight.requires_grad for weight in learner.detector.parameters())
        if self.recipe.phases[0].compiled and learns:  # to compile takes a minute
            compile_first_stage(learner, self.device)
        out.mkdir(parents=True, exist_ok=True)
        ranks = Ranks.current()
        torch.manual_seed(seed + (1000 * (ranks.rank + 1) if ranks.world > 1 else 0))
        with self.batches(seed=seed, chests=True) as batches:
            batches.seek(0)
            average = train(
                learner,
                learner.losses,
                batches,
                config,
                out=out,
                device=self.device,
                curriculum=self.recipe.phases[0].curriculum,
            )
        return cast(TwoStage, average.module)

    def batches(self, *, seed: int, chests: bool) -> StagedBatches:
        """Batches of the recipe's first phase.

        Args:
            seed: of what is drawn.
            chests: whether synthetic chests are among the lungs.
        """
        recipe, phase = self.recipe, self.recipe.phases[0]
        return StagedBatches(
            self.material.cases,
            self.material.pool,
            phase.curriculum,
            device=self.device,
            batch=recipe.patches.on(self.device.type).count,
            patch=recipe.patches.patch,
            seed=seed,
            chests=self.material.chests if chests else (),
            chest_share=recipe.chest_share,
            echoes=phase.echoes,
            teacher=self.teacher,
        )
