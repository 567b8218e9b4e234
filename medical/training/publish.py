"""After training: calibrate, evaluate, write the card, and decide whether the old model goes."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medical.ct.prepare import NoLungError, prepare
from medical.evaluation.evaluate import evaluate_tables, write_report
from medical.evaluation.tables import Candidate, ReferenceFinding, Tables
from medical.plain_text import counted
from medical.scoring.scorer import Scorer
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.training.calibration.recalibrate import (
    MIN_SCANS,
    Recalibrated,
    TooFewError,
    recalibrate,
)
from medical.training.card import Made, new_card
from medical.training.cases.gather import Gathered
from medical.training.cases.truth import lesions_of
from medical.training.config import RunConfig
from medical.training.gate import Row, Verdict, compare, decide
from medical.training.worker import TRAINED
from models.distributed.checkpoints import CheckpointStore
from models.zoo.loader import CARD, WEIGHTS, StoredModel, find_model
from models.zoo.networks import load_networks

_log = logging.getLogger(__name__)
_SAMPLES = 16
_KEEP = ("cpm", "cpm_ci95", "scans", "nodules", "found", "false_positives")
_FIGURES = "held_out_by_luna16_protocol"
Pools = Callable[[], tuple[NodulePool, NodulePool]]


def install(folder: Path, models: Path, *, replaced: StoredModel | None, archive: Path) -> Path:
    """Copy a model among the imported ones, and move the one that it replaces away.

    A shipped model, or one given by its folder, stays where it is: only what lies in ``models`` is
    moved.

    Args:
        folder: of the new model.
        models: of imported models; made where it is missing.
        replaced: the old model.
        archive: the old model's new place is below it.

    Returns:
        The new model's folder in ``models``.
    """
    name = find_model(str(folder)).card.name
    place, beside = models / name, models / f".{name}.partial"
    models.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(folder, beside)
    if place.exists():  # the same weights, installed before
        shutil.rmtree(place)
    beside.rename(place)
    if (
        replaced is not None
        and replaced.folder.parent.resolve() == models.resolve()
        and replaced.folder.resolve() != place.resolve()
        and (replaced.folder / CARD).exists()
    ):
        archive.mkdir(parents=True, exist_ok=True)
        target = archive / replaced.folder.name
        if target.exists():
            shutil.rmtree(target)
        shutil.move(replaced.folder, target)
    return place


def score_held_out(models: Sequence[StoredModel], gathered: Gathered) -> list[Tables]:
    """Score the held-out scans with each model; each CT is decoded and prepared once for all.

    Args:
        models: to compare; none has seen the scans.
        gathered: cases of the run.

    Returns:
        One table a model, all of the same scans, so that they can be compared scan by scan.
    """
    scorers = [Scorer(model, samples=_SAMPLES) for model in models]
    by_model: list[list[Candidate]] = [[] for _ in models]
    references: list[ReferenceFinding] = []
    for handle in gathered.held_out:
        ct, uid = handle.load(), handle.series_instance_uid
        references += lesions_of(gathered.truth, ct, path=gathered.truth_path)
        try:
            prepared = prepare(ct, with_sides=True)
        except NoLungError as error:
            _log.info(f"not evaluated: {handle.path}: {error}")
            continue
        for candidates, scorer in zip(by_model, scorers, strict=True):
            result = scorer.read(ct, prepared=prepared)
            candidates += [
                Candidate(uid, candidate.center_lps_mm, candidate.probability)
                for candidate in result.candidates
            ]
        _log.info(f"evaluated {uid}")
    series = tuple(handle.series_instance_uid for handle in gathered.held_out)
    return [
        Tables(
            series_uids=series,
            nodules=tuple(references),
            irrelevant=(),
            candidates=tuple(candidates),
        )
        for candidates in by_model
    ]


@dataclass(frozen=True, slots=True)
class Installed:
    """Where imported models live, and which model is in use now."""

    models: Path
    old: StoredModel


@dataclass(frozen=True, slots=True)
class Published:
    """What a run ends with.

    Args:
        folder: of the new model.
        comparison: old beside new; empty where nothing was held out.
        names: of the old model and the new one.
    """

    folder: Path
    comparison: tuple[Row, ...] = ()
    names: tuple[str, str] = ("", "")


def publish_model(
    config: RunConfig,
    out: Path,
    gathered: Gathered,
    *,
    parent: StoredModel | None,
    old: StoredModel,
    pools: Pools,
    home: Installed | None,
) -> Published:
    """Turn trained weights into a model.

    Args:
        config: what was carried out.
        out: of the run.
        gathered: its cases.
        parent: what the weights began as; ``None`` for random ones.
        old: the model to compare with.
        pools: nodules to train on and those kept to calibrate on.
        home: where to install a model that passes the gate.
    """
    folder = out / "model"
    folder.mkdir(exist_ok=True)
    (folder / CARD).unlink(missing_ok=True)  # a card of an earlier start is not these weights'
    shutil.copyfile(out / TRAINED / WEIGHTS, folder / WEIGHTS)
    made = Made(
        config=config,
        parent=parent,
        # cases that chose the best weights have been seen as well
        trained_on=list(gathered.training),
        steps=_steps(config, out),
    )
    card = new_card(folder, made, own=None)
    own = _calibrate(StoredModel(folder, card), gathered, pools)
    if own is not None:
        card = new_card(folder, made, own=own)
    if not gathered.held_out:
        _log.info("nothing was held out: the new model is not evaluated, the old one stays")
        nothing: dict[str, object] = {_FIGURES: "not evaluated: too few cases to hold one out"}
        card.with_metrics(nothing).write(folder / CARD)
        return Published(folder)
    models = [StoredModel(folder, card), old]
    new, before = score_held_out(models, gathered)
    report = evaluate_tables(new, operating_point=card.operating_point)
    write_report(report, out)
    figures_all = json.loads(report.evaluation.model_dump_json())
    figures = {name: figures_all.get(name) for name in _KEEP}
    verdict = decide(new, before)
    verdict.write(out / "gate.json")
    kept_back = "" if verdict.replaces else verdict.why
    card = card.with_metrics({_FIGURES: figures}).model_copy(update={"kept_back": kept_back})
    card.write(folder / CARD)
    _carry_out(verdict, folder, out, old, home)
    as_it_was = evaluate_tables(before, operating_point=old.card.operating_point)
    rows = compare(as_it_was.evaluation, report.evaluation)
    return Published(folder, rows, (old.card.name, card.name))


def _steps(config: RunConfig, out: Path) -> int:
    """Of all phases together."""
    phases = config.recipe.phases
    folders = [out] if len(phases) == 1 else [out / phase.name for phase in phases]
    stores = [CheckpointStore(folder / "checkpoints") for folder in folders]
    return sum((store.steps() or [0])[-1] for store in stores)


def _carry_out(
    verdict: Verdict,
    folder: Path,
    out: Path,
    old: StoredModel,
    home: Installed | None,
) -> None:
    _log.info(f"compared with {old.card.name}: {verdict.why}")
    if verdict.replaces and home is not None:
        place = install(folder, home.models, replaced=home.old, archive=out / "replaced")
        _log.info(f"installed as {place.name}")
    elif not verdict.replaces:
        _log.info(
            "to install it by your own decision, which the audit trail records: "
            f"starlung models import {folder} --reason TEXT"
        )


def _calibrate(model: StoredModel, gathered: Gathered, pools: Pools) -> Recalibrated | None:
    files = list(gathered.held_out_cases.values())
    try:
        if len(files) < MIN_SCANS:  # before the pool is made, which takes seconds
            raise TooFewError(
                f"{counted(len(files), 'scan was', 'scans were')} held out, {MIN_SCANS} are needed"
            )
        cases = [TrainingCase.load(file) for file in files]
        bound = model.card.refinement_bound
        return recalibrate(load_networks(model), cases, pools()[1], bound=bound)
    except TooFewError as error:
        _log.info(f"not calibrated anew: {error}; intervals and operating point need not hold")
        return None
