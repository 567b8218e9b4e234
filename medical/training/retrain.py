"""The retrain run: check cases, train, calibrate and evaluate on what was held out, then the gate.

What the cases will not be enough for is told before the first minute of training is spent. On
failure: nothing but ``OUT`` is written before the gate; a run cut off goes on from its newest
whole checkpoint with ``resume``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import torch

from medical.errors import InputError
from medical.plain_text import counted
from medical.synthesis.nodules.pool import NodulePool
from medical.synthesis.phantom.sample import keep_chest_cases
from medical.training import gate
from medical.training.batches import augmentation_of
from medical.training.calibration.recalibrate import MIN_SCANS
from medical.training.cases.gather import Gathered, gather
from medical.training.cases.split import chosen_validation
from medical.training.config import RUN, Assigned, RunConfig
from medical.training.publish import Installed, Published, publish_model
from medical.training.recipes import FROM_NOTHING, Patches
from medical.training.worker import open_pools, run_training, train_together
from models.detector.detector import DetectorConfig
from models.training.curriculum import Curriculum, read_curriculum
from models.zoo.loader import (
    DEFAULT_MODEL,
    ModelDamagedError,
    ModelNotFoundError,
    StoredModel,
    find_model,
)

_log = logging.getLogger(__name__)


def what_is_missing(gathered: Gathered) -> list[str]:
    """Sentences on what calibration and gate lack; none where both have enough.

    Enough held-out scans are no guarantee: 60 inserted nodules must be found in them, too, which
    only the trained weights can tell.
    """
    held = {handle.series_instance_uid for handle in gathered.held_out}
    nodules = sum(lesion.series_uid in held for lesion in gathered.truth)
    sentences = []
    if len(held) < MIN_SCANS:
        sentences.append(
            f"calibration needs {MIN_SCANS} held-out scans, there {_are(len(held))}: the old "
            "model's will be copied, and its intervals and operating point need not hold"
        )
    if len(held) < gate.MIN_SCANS or nodules < gate.MIN_NODULES:
        sentences.append(
            f"the gate needs {gate.MIN_SCANS} held-out scans with {gate.MIN_NODULES} nodules, "
            f"there {_are(len(held))} with {nodules}: the new model will not replace the old one"
        )
    if sentences:
        sentences.append("to have both, give CTs of more patients whom the old model has not seen")
    return sentences


def _are(count: int) -> str:
    return f"{'is' if count == 1 else 'are'} {count}"


def retrain(config: RunConfig, *, out: Path, installed: Path | None = None) -> Published:
    """Fit both stages to a user's cases.

    Args:
        config: what to learn from, how, and where.
        out: folder for checkpoints, model and evaluation.
        installed: folder of imported models, where a model that passes the gate is put; it stays
            in ``out`` where not given.

    Returns:
        The new model, ``out/model``, and how it compares; on other nodes than the first its folder
        alone.

    Raises:
        InputError: what the user can mend, one sentence.
    """
    cluster = config.cluster
    parent = find_model(config.start_from) if config.start_from else None
    if parent is not None:
        _refuse_other_network(config, parent)
        refuse_small_patches(config.recipe.patches, parent)
    _refuse_other_start(config, parent, out)
    claim(out, resume=config.resume or cluster.node > 0)
    old = parent or find_model(DEFAULT_MODEL)
    with TemporaryDirectory(prefix="starlung-") as work:
        gathered = gather(
            config.source,
            out=out,
            seen=old.card.scans_seen_in_training,
            work=Path(work),
        )
        device = "cuda" if torch.cuda.is_available() else "cpu"
        patches = config.recipe.patches.on(device)
        recipe = config.recipe.model_copy(update={"patches": patches})
        config = config.model_copy(
            update={"recipe": recipe, "assigned": _assign(config, gathered, out)}
        )
        _log.info(_summary(config, gathered, device))
        for sentence in what_is_missing(gathered):
            _log.info(sentence)
        pools = cache(lambda: open_pools(config))
        _train(config, out, pools)
        if cluster.node > 0:
            _log.info("this node is done; the first one evaluates")
            return Published(out / "model")
        home = Installed(installed, old) if installed else None
        return publish_model(config, out, gathered, parent=parent, old=old, pools=pools, home=home)


def read_stages(path: Path) -> Curriculum:
    """Read a curriculum and check that each stage's augmentation is one.

    Raises:
        InputError: a stage cannot be; the file is named.
    """
    try:
        curriculum = read_curriculum(path)
        for stage in curriculum.stages:
            augmentation_of(stage)
    except ValueError as error:
        problem = str(error).removeprefix(f"{path}: ")
        raise InputError(path, problem, "Correct the stage; see docs/retraining.md") from error
    return curriculum


def claim(out: Path, *, resume: bool) -> None:
    """Make the run's folder.

    Raises:
        InputError: it holds something, and this run does not go on with it.
    """
    if out.exists() and any(out.iterdir()) and not resume:
        raise InputError(out, "not empty", "Add --resume to go on, or choose another folder")
    out.mkdir(parents=True, exist_ok=True)


def _refuse_other_network(config: RunConfig, parent: StoredModel) -> None:
    """Refuse other weights for a recipe that makes a network of its own."""
    recipe = config.recipe
    wanted = recipe.detector.to_dict()
    sizes = {**DetectorConfig().to_dict(), **parent.card.detector}
    sizes["widths"] = tuple(cast(list[int], sizes["widths"]))
    if recipe.start_from == FROM_NOTHING and sizes != wanted:
        raise InputError(
            parent.folder,
            f"its first stage is not the one that recipe {recipe.name} makes",
            "Leave --from out, or name a model of that recipe",
        )


def refuse_small_patches(patches: Patches, parent: StoredModel) -> None:
    """Refuse patches in which a model that is taught on cannot see what it looks at.

    Raises:
        InputError: they are too small.
    """
    if parent.card.reads_whole_box:
        try:
            patches.refuse_too_small_for_local_attention()
        except ValueError as error:
            problem, help_ = str(error), "Leave --patch out, or name another model with --from"
            raise InputError(parent.folder, problem, help_) from error


def began_from(out: Path) -> str | None:
    """Return what the run in a folder began from: a model's folder, or ``FROM_NOTHING``.

    ``None`` where there is no run yet.
    """
    if not (out / RUN).is_file():
        return None
    return RunConfig.read(out).start_from or FROM_NOTHING


def _refuse_other_start(config: RunConfig, parent: StoredModel | None, out: Path) -> None:
    """Refuse to go on from another model than before: its card would tell of the wrong one."""
    before = began_from(out) if config.resume else None
    if before is None:
        return
    with suppress(ModelNotFoundError, ModelDamagedError):  # what is gone cannot be compared
        begun = None if before == FROM_NOTHING else find_model(before).card
        if (begun and begun.digest) != (parent and parent.card.digest):
            name = f"{begun.name} {begun.version}" if begun else "random weights"
            raise InputError(
                out,
                f"was begun from {name}",
                "Leave --from out to go on from it, or choose another folder",
            )


def _summary(config: RunConfig, gathered: Gathered, device: str) -> str:
    assigned, processes = config.assigned or Assigned(training=()), config.cluster.processes
    start = f"from {Path(config.start_from).name}" if config.start_from else "from nothing"
    return (
        f"{counted(len(assigned.training), 'case')} to train on, {len(assigned.validation)} to "
        f"choose the best weights by, {len(gathered.held_out)} held out; {start}, on {device}, "
        f"{counted(processes, 'process', 'processes')}"
    )


def _assign(config: RunConfig, gathered: Gathered, out: Path) -> Assigned:
    """Cases by file; where early stopping is wished for, some training patients validate."""
    validating: set[str] = set()
    if config.recipe.budget.patience is not None:
        validating = chosen_validation({uid: gathered.patients[uid] for uid in gathered.training})
        if not validating:
            raise InputError(
                out,
                "too few patients to stop early: five are needed to train on",
                "Leave --patience out, or give more cases",
            )
    files = {uid: str(path.relative_to(out)) for uid, path in gathered.training.items()}
    chests = keep_chest_cases(out / "chests", count=config.recipe.chests)
    return Assigned(
        training=tuple(file for uid, file in files.items() if uid not in validating),
        validation=tuple(file for uid, file in files.items() if uid in validating),
        chests=tuple(str(path.relative_to(out)) for path in chests),
    )


def _train(
    config: RunConfig,
    out: Path,
    pools: Callable[[], tuple[NodulePool, NodulePool]],
) -> None:
    config.write(out)
    if config.cluster.processes > 1:
        train_together(config.cluster, out)
        return
    try:
        run_training(config, out, pool=pools()[0])
    except ValueError as error:
        raise InputError(out, str(error), "Remove the folder and start again") from error
