"""The adaptation run: gather, learn, measure old and new on the CTs kept aside, gate, card.

On failure: nothing but ``OUT`` is written before the gate; a run cut off goes on with ``resume``:
prepared cases, checkpoints and what was measured of a CT are kept there.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, cast

import numpy as np
import torch

from medical.errors import InputError
from medical.plain_text import counted
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool, divided, open_pool
from medical.training.adapting.hospital_cts import HospitalCt, gather
from medical.training.adapting.learn import learn_features, learn_statistics
from medical.training.adapting.pseudo_labels import PseudoLabeler, PseudoLabels, prepare_sides
from medical.training.adapting.publish import Readings, choose_adapted_model
from medical.training.calibration.score_cache import measure, patches_each
from medical.training.config import AdaptConfig
from medical.training.publish import install
from medical.training.retrain import claim, refuse_small_patches
from models.training.two_stage import TwoStage
from models.zoo.loader import WEIGHTS, StoredModel, find_model, sha256_of
from models.zoo.networks import load_networks, save_networks

_log = logging.getLogger(__name__)

How = Literal["calibrate", "statistics", "features"]
_START = "start_from.sha256"


def default_how() -> How:
    """Everything where there is an accelerator; on a CPU the calibration: it needs no training."""
    return "features" if torch.cuda.is_available() else "calibrate"


@dataclass(frozen=True, slots=True)
class _Run:
    """What the steps of one run share."""

    config: AdaptConfig
    old: StoredModel
    how: How
    out: Path
    device: torch.device


def adapt(config: AdaptConfig, *, out: Path, installed: Path | None = None) -> Path:
    """Adapt a model to a hospital's unlabelled CTs.

    Args:
        config: which CTs, which model, how deep and how long.
        out: folder for cases, checkpoints, figures and the model.
        installed: folder of imported models, where a model that passes the gate is put.

    Returns:
        Folder of the model to use from now on: ``out/model``, or the old one's where nothing new
        passed.

    Raises:
        InputError: what the user can mend, one sentence.
    """
    old = find_model(config.start_from)
    refuse_small_patches(config.patches, old)
    claim(out, resume=config.resume)
    _begin_from(out / _START, old)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    config = config.model_copy(update={"patches": config.patches.on(device.type)})
    run = _Run(config, old, config.how or default_how(), out, device)
    pool = open_pool(config.nodule_pool, seed=config.seed)
    to_learn, to_keep = divided(pool, seed=config.seed)
    with TemporaryDirectory(prefix="starlung-") as work:
        sides = gather(
            config.cts,
            out=out,
            seen=old.card.scans_seen_in_training,
            learn=run.how != "calibrate",
            work=Path(work),
        )
    _log.info(
        f"{counted(len(sides.learnt), 'CT')} to learn from, {len(sides.aside)} kept aside to "
        "calibrate and to "
        f"evaluate on; {run.how}, on {device.type}"
    )
    labeler = PseudoLabeler(old, cache=out / "suspected")
    aside, labels = prepare_sides([ct.case() for ct in sides.aside], labeler)
    new = _learn(run, sides.learnt, labeler, to_learn)
    readings = [_read(run, "old", load_networks(old), aside, labels, to_keep)]
    if new is not None:
        readings.append(_read(run, "new", new, aside, labels, to_keep))
    folder = choose_adapted_model(
        readings, old=old, how=run.how, recipe=_recipe(run), sides=sides, out=out
    )
    if folder is None:
        _log.info(f"No adapted model was better than {old.card.name}; nothing was installed.")
        return old.folder
    if installed is not None:
        _log.info(f"installed as {install(folder, installed, replaced=None, archive=out).name}")
    return folder


def _begin_from(note: Path, old: StoredModel) -> None:
    """Keep the old model's digest: what a run keeps in its folder holds for that model alone."""
    if note.exists() and note.read_text("utf-8").strip() != old.card.digest:
        raise InputError(
            note.parent,
            f"was begun from another model than {old.card.name} {old.card.version} as it is now",
            "Name that model with --from, or choose another folder",
        )
    note.write_text(f"{old.card.digest}\n", encoding="utf-8")


def _learn(
    run: _Run, learnt: list[HospitalCt], labeler: PseudoLabeler, pool: NodulePool
) -> TwoStage | None:
    """Learn new weights, as they would be stored; ``None`` where nothing is learnt."""
    if run.how == "calibrate":
        return None
    cases, _ = prepare_sides([ct.case() for ct in learnt], labeler)
    networks = load_networks(run.old)
    if run.how == "features":
        try:
            networks = learn_features(
                networks,
                cases,
                pool,
                config=run.config,
                channels=int(cast(int, run.old.card.detector["channels"])),
                out=run.out,
                device=run.device,
            )
        except ValueError as error:
            raise InputError(run.out, str(error), "Remove the folder and start again") from error
    _log.info("adapting the batch-norm statistics")
    networks = learn_statistics(
        networks,
        cases,
        pool,
        config=run.config,
        known_cts=len(run.old.card.scans_seen_in_training),
        device=run.device,
    )
    return _as_stored(networks, run.out / "trained")


def _as_stored(networks: TwoStage, folder: Path) -> TwoStage:
    """Write them and round them as the file does: what is measured is what is used."""
    folder.mkdir(exist_ok=True)
    save_networks(networks, folder / WEIGHTS)
    state = {name: value.clone() for name, value in networks.state_dict().items()}
    networks.load_state_dict(
        {k: v.half().float() if v.is_floating_point() else v for k, v in state.items()}
    )
    return networks.eval()


def _read(
    run: _Run,
    name: str,
    networks: TwoStage,
    cases: list[TrainingCase],
    labels: list[PseudoLabels],
    pool: NodulePool,
) -> Readings:
    weights = run.old.weights if name == "old" else run.out / "trained" / WEIGHTS
    _log.info(f"measuring the {name} weights on the CTs kept aside")
    patches = run.config.patches_each or patches_each(len(cases))
    cache = run.out / "measured" / f"{sha256_of(weights)[:12]}-{_digest(pool)}-{patches}"
    bound = run.old.card.refinement_bound
    parts = measure(networks, cases, pool, patches=patches, bound=bound, cache=cache)
    return Readings(weights, parts, labels)


def _digest(pool: NodulePool) -> str:
    """Digest the settings: what was measured with other nodules must not be taken for these."""
    digest = hashlib.sha256(np.packbits(pool.shapes).tobytes())
    digest.update(pool.cubes.code.tobytes())
    return digest.hexdigest()[:8]


def _recipe(run: _Run) -> str:
    budget = run.config.budget
    limits = f"at most {budget.minutes:g} min"
    if budget.steps:
        limits += f" and {counted(budget.steps, 'step')} a part"
    return {
        "calibrate": "weights as they were, calibration and operating point anew",
        "statistics": "batch-norm statistics mixed with those of the new CTs",
        "features": "masked reconstruction, then the first stage on inserted nodules, "
        f"{limits}, then batch-norm statistics mixed with those of the new CTs",
    }[run.how]
