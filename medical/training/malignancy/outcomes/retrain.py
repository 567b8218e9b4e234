"""The run: check the table, hold patients out, train on, decide, write card and verdict.

On failure nothing but ``OUT`` is written; a run that was cut off goes on there.
"""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medical.errors import InputError
from medical.i18n.messages import message
from medical.malignancy.interval import conformal_quantile
from medical.plain_text import counted
from medical.store.audit import record
from medical.store.database import Store
from medical.training.malignancy.outcomes.gate import OutcomeVerdict, decide_on_outcomes
from medical.training.malignancy.outcomes.known import KnownFinding, join_outcomes, stacked
from medical.training.malignancy.outcomes.learn import STEPS, learn, risks_of
from medical.training.malignancy.outcomes.split import split_by_patient
from medical.training.malignancy.outcomes.table import read_outcomes
from models.starnet.network import StarNet
from models.zoo.loader import TOKENIZER
from models.zoo.starnet import LoadedStarNet, load_starnet, save_starnet
from models.zoo.starnet_card import SHIPPED_STARNET, LearnedOutcomes, StarNetCard, write_card
from models.zoo.starnets import install_starnet

_log = logging.getLogger(__name__)
MODEL, VERDICT = "starnet", "verdict.json"
MIN_TAUGHT = 5
"""Patients of each outcome, without whom nothing is trained."""
NAME = "starnet-outcomes"


def retrain_starnet(
    store: Store,
    table: Path,
    *,
    out: Path,
    actor: str,
    parent: Path = SHIPPED_STARNET,
    steps: int = STEPS,
    models: Path | None = None,
) -> OutcomeVerdict:
    """Train StarNet on from outcomes; weights and card go to ``out/starnet`` if it is promoted.

    It is then installed among the user's own models as well, by a name made of its digest. One
    that is not promoted lies in ``out/not-promoted``, for looking at.

    Args:
        store: the reading room's, whose signed findings are learned from.
        table: of outcomes.
        out: folder of the run.
        actor: who runs it, for the audit trail.
        parent: folder of the StarNet to begin from.
        steps: to take.
        models: folder of the user's own models; without it nothing is installed.

    Raises:
        InputError: the table is wrong, or there are too few to train on.
        StarNetDamagedError: a file of the parent is missing or another one.
    """
    loaded = load_starnet(parent)
    rows = read_outcomes(table)
    known = join_outcomes(store, rows, table=table, digest=loaded.card.digest)
    taught, held = split_by_patient(known)
    _refuse_too_few(table, taught)
    _log.info(
        f"trains on {counted(len(taught), 'finding')} of {counted(_patients(taught), 'patient')}, "
        f"holds out {counted(len(held), 'finding')} of {counted(_patients(held), 'patient')}"
    )
    network = learn(loaded.network, taught, loaded.tokenizer, out=out / "run", steps=steps)
    verdict, quantile = _judged(loaded, network, held)
    _log.info(verdict.why)
    for name in (MODEL, "not-promoted"):
        shutil.rmtree(out / name, ignore_errors=True)
    card = _card(loaded.card, known, taught, verdict, quantile)
    folder = out / (MODEL if verdict.replaces else "not-promoted")
    tokenizer = (parent / TOKENIZER).read_bytes()
    written = save_starnet(network, loaded.trunk, tokenizer, card, folder)
    write_card(folder, written.model_copy(update={"name": f"{NAME}-{written.digest[:8]}"}))
    verdict.write(out / VERDICT)
    if verdict.replaces and models is not None:
        install_starnet(folder, models)
    with store.transaction() as session:
        what = "promoted" if verdict.replaces else "kept-old"
        record(
            session, actor=actor, action="retrain", subject=f"starnet {written.digest[:32]} {what}"
        )
    return verdict


def _refuse_too_few(table: Path, taught: Sequence[KnownFinding]) -> None:
    for malignant, word in ((True, "malignant"), (False, "benign")):
        there = _patients([finding for finding in taught if finding.malignant == malignant])
        if there < MIN_TAUGHT:
            raise InputError(
                table,
                message(
                    "leaves too few patients with a {word} finding to train on: {there}, where "
                    "{least} are needed",
                    there=there,
                    word=word,
                    least=MIN_TAUGHT,
                ),
                message("Add findings of more patients whose outcome is known"),
            )


def _judged(
    loaded: LoadedStarNet, network: StarNet, held: Sequence[KnownFinding]
) -> tuple[OutcomeVerdict, float | None]:
    """Judge on the held-out patients; also the quantile of the interval, where they suffice."""
    if not held:
        nothing = np.zeros(0)
        return decide_on_outcomes(nothing, nothing, nothing.astype(bool), []), None
    tokens, patients = stacked(held), [finding.patient for finding in held]
    malignant = np.array([finding.malignant for finding in held])
    old, _ = risks_of(loaded.network, tokens, loaded.tokenizer)
    new, error = risks_of(network, tokens, loaded.tokenizer)
    verdict = decide_on_outcomes(new, old, malignant, patients)
    if not verdict.replaces:
        return verdict, None
    return verdict, conformal_quantile(new, error, malignant.astype(float), patients)


def _card(
    parent: StarNetCard,
    known: Sequence[KnownFinding],
    taught: Sequence[KnownFinding],
    verdict: OutcomeVerdict,
    quantile: float | None,
) -> StarNetCard:
    ways = ", ".join(
        f"{how} {count}" for how, count in sorted(Counter(f.how for f in known).items())
    )
    malignant = sum(finding.malignant for finding in taught)
    scale = 1.0 if quantile is None else quantile / parent.quantile_without_text
    held = (
        f"{counted(verdict.findings, 'finding')} of {counted(verdict.patients, 'patient')} of this "
        f"site that were held out, {verdict.malignant} malignant"
    )
    return parent.model_copy(
        update={
            "name": NAME,
            "quantile_without_text": parent.quantile_without_text * scale,
            "quantile_with_text": parent.quantile_with_text * scale,
            "calibration_set": "as of its parent: too few outcomes were held out"
            if quantile is None
            else f"{held}; the interval is to hold the outcome, 0 or 1, of 95 % of patients; with "
            "words it was widened by the same factor, not measured",
            "rates": "How likely a finding turns out malignant, 0 to 1, where malignant and benign "
            "are alike frequent; begun from radiologists' ratings, moved by outcomes of this site. "
            "No probability of cancer in a screened population.",
            "data": [
                *parent.data,
                f"Outcomes of this site: {counted(len(taught), 'finding')} of "
                f"{counted(_patients(taught), 'patient')}, {malignant} malignant (known by: "
                f"{ways}, those held out counted too)",
            ],
            "outcomes": LearnedOutcomes(
                findings=len(taught),
                patients=_patients(taught),
                malignant=malignant,
                known_by=dict(sorted(Counter(finding.how for finding in taught).items())),
            ),
            "kept_back": "" if verdict.replaces else verdict.why,
            "recipe": f"{parent.recipe}; then the votes of the image groups by outcomes, beside "
            f"the parent's answers ({parent.name} {parent.version}, {parent.digest[:12]})",
            "metrics": {
                "held_out": held,
                "auc": verdict.auc_new,
                "auc_of_parent": verdict.auc_old,
                "difference_ci95": verdict.difference_ci95,
                "verdict": verdict.why,
            },
            "not_good_for": [
                *parent.not_good_for,
                "other sites: outcomes are known of findings that somebody chose to follow up",
                "words: they are read as before, and were not tried against outcomes",
            ],
        }
    )


def _patients(findings: Sequence[KnownFinding]) -> int:
    return len({finding.patient for finding in findings})
