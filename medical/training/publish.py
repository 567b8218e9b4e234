"""After training: calibrate, evaluate, write the card, and decide whether the old model goes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from medical.counts import counted
from medical.evaluation.evaluate import evaluate_tables, write_report
from medical.evaluation.tables import Tables
from medical.synthesis.case import TrainingCase
from medical.training.calibration.recalibrate import (
    LEAST_SCANS,
    Recalibrated,
    TooFewError,
    recalibrate,
)
from medical.training.card import Made, write_card
from medical.training.cases.gather import Gathered
from medical.training.gate import judge
from medical.training.install import install
from medical.training.plan import RunPlan
from medical.training.score_held_out import held_out_tables
from medical.training.worker import TRAINED, pools_of
from models.distributed.checkpoint import CheckpointStore
from models.zoo.loader import WEIGHTS, StoredModel, find_model
from models.zoo.networks import load_networks

_KEEP = ("cpm", "cpm_ci95", "scans", "nodules", "found", "false_positives")
_FIGURES = "held_out_by_luna16_protocol"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Installed:
    """Where imported models live, and which model is in use now."""

    models: Path
    old: StoredModel


def conclude(
    plan: RunPlan,
    out: Path,
    gathered: Gathered,
    parent: StoredModel | None,
    *,
    old: StoredModel,
    ranks: int,
    minutes: float,
    home: Installed | None,
    say: Say,
) -> Path:
    """Turn trained weights into a model.

    Args:
        plan: what was carried out.
        out: of the run.
        gathered: its cases.
        parent: what the weights began as; ``None`` for random ones.
        old: the model to compare with.
        ranks: processes that trained.
        minutes: budget.
        home: where to install a model that passes the gate.
        say: told one line now and then.

    Returns:
        ``out/model``.
    """
    folder = out / "model"
    folder.mkdir(exist_ok=True)
    shutil.copyfile(out / TRAINED / WEIGHTS, folder / WEIGHTS)
    made = Made(
        parent=parent,
        # cases that chose the best weights have been seen as well
        trained_on=list(gathered.training),
        minutes=minutes,
        steps=(CheckpointStore(out / "checkpoints").steps() or [0])[-1],
        seed=plan.seed,
        ranks=ranks,
    )
    write_card(folder, made, own=None, metrics={})
    own = _calibrate(plan, gathered, folder, say)
    write_card(folder, made, own=own, metrics={})
    if not gathered.held_out:
        say("nothing was held out: the new model is not evaluated, the old one stays")
        nothing: dict[str, object] = {_FIGURES: "not evaluated: too few cases to hold one out"}
        write_card(folder, made, own=own, metrics=nothing)
        return folder
    new, before = held_out_tables(
        [str(folder), str(old.folder)],
        gathered.held_out,
        gathered.truth,
        truth_path=gathered.truth_path,
        say=say,
    )
    figures = _figures(new, out)
    write_card(folder, made, own=own, metrics={_FIGURES: figures})
    _pass_gate(new, before, folder, out, old, home, say)
    return folder


def _pass_gate(
    new: Tables,
    before: Tables,
    folder: Path,
    out: Path,
    old: StoredModel,
    home: Installed | None,
    say: Say,
) -> None:
    verdict = judge(new, before)
    verdict.write(out / "gate.json")
    say(f"compared with {old.card.name}: {verdict.why}")
    if verdict.replaces and home is not None:
        place = install(folder, home.models, replaced=home.old, archive=out / "replaced")
        say(f"installed as {place.name}")


def _figures(tables: Tables, out: Path) -> dict[str, object]:
    """Write the evaluation; the few figures that the card repeats."""
    write_report(evaluate_tables(tables), out)
    report: dict[str, object] = json.loads((out / "evaluation.json").read_text("utf-8"))
    return {name: report.get(name) for name in _KEEP}


def _calibrate(plan: RunPlan, gathered: Gathered, folder: Path, say: Say) -> Recalibrated | None:
    files = list(gathered.held_out_cases.values())
    try:
        if len(files) < LEAST_SCANS:  # before the pool is made, which takes seconds
            raise TooFewError(
                f"{counted(len(files), 'scan was', 'scans were')} held out, {LEAST_SCANS} are "
                "needed"
            )
        cases = [TrainingCase.load(file) for file in files]
        networks = load_networks(find_model(str(folder)))
        return recalibrate(networks, cases, pools_of(plan)[1], say=say)
    except TooFewError as error:
        say(f"not calibrated anew: {error}; intervals and operating point need not hold")
        return None
