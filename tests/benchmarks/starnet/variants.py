"""Every network that is trained: StarNet, its rivals, and StarNet with one thing taken away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

from medical.training.malignancy.fit import RECIPE, Lessons, fit, fit_student, standardise
from models.starnet.config import StarNetConfig
from models.starnet.network import StarNet
from models.training.curriculum import Curriculum, Stage, read_curriculum
from tests.benchmarks.starnet.concatenation import Concatenation

VOCABULARY = 2000
CONFIG = StarNetConfig(vocabulary=VOCABULARY)
TEACHER = "standard"
OURS = "starnet"
Make = Callable[[Lessons, Path], StarNet]
FromTeacher = Callable[[Lessons, Path, StarNet], StarNet]


class Variants(NamedTuple):
    """How each network is trained, by name."""

    from_nothing: dict[str, Make]
    from_teacher: dict[str, FromTeacher]

    def names(self) -> list[str]:
        """Return all, those first that others wait for."""
        return [*self.from_nothing, *self.from_teacher]


def variants() -> Variants:
    """Return every variant; those of the usual design have as many steps as the curriculum."""
    whole = read_curriculum(RECIPE)
    image, text, alignment, joint = whole.stages

    def longer(stage: Stage, *others: Stage) -> Stage:
        """Give a stage the steps of others too."""
        steps = stage.steps + sum(other.steps for other in others)
        return stage.model_copy(update={"steps": steps})

    return Variants(
        from_nothing={
            TEACHER: _usual(whole),
            "concat": _concatenated,
            "image": _usual(_alone(image, whole, without="unseen")),
            "text": _usual(_alone(text, whole, without="absent")),
            "joint only": _usual(Curriculum(stages=(longer(joint, image, text, alignment),))),
            "no image stage": _usual(Curriculum(stages=(text, alignment, longer(joint, image)))),
            "no text stage": _usual(Curriculum(stages=(image, alignment, longer(joint, text)))),
            "no alignment": _usual(Curriculum(stages=(image, text, longer(joint, alignment)))),
        },
        from_teacher={
            OURS: lambda given, out, teacher: fit_student(CONFIG, teacher, given, out=out),
            "not distilled": lambda given, out, teacher: fit_student(
                CONFIG, teacher, given, out=out, distil=False
            ),
            "every token asks": lambda given, out, teacher: fit_student(
                CONFIG, teacher, given, out=out, dynamic=False
            ),
            "full rank": lambda given, out, teacher: fit_student(
                CONFIG, teacher, given, out=out, energy=None
            ),
            "energy 0.8": lambda given, out, teacher: fit_student(
                CONFIG, teacher, given, out=out, energy=0.8
            ),
            "energy 0.4": lambda given, out, teacher: fit_student(
                CONFIG, teacher, given, out=out, energy=0.4
            ),
        },
    )


def _usual(stages: Curriculum) -> Make:
    def make(given: Lessons, out: Path) -> StarNet:
        torch.manual_seed(given.seed)
        network = StarNet(CONFIG.standard())
        standardise(network, given)
        return fit(network, given, stages, out=out)

    return make


def _concatenated(given: Lessons, out: Path) -> StarNet:
    torch.manual_seed(given.seed)
    network = Concatenation(CONFIG.standard())
    standardise(network, given)
    return fit(network, given, read_curriculum(RECIPE), out=out)


def _alone(stage: Stage, whole: Curriculum, *, without: str) -> Curriculum:
    """One modality alone, for as many steps as it takes part in within the curriculum's."""
    steps = sum(each.steps * (1 - each.batches[without]) for each in whole.stages)
    return Curriculum(stages=(stage.model_copy(update={"steps": round(steps)}),))
