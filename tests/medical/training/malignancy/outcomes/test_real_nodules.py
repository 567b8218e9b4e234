"""Real nodules that the shipped weights have not seen, with outcomes that a rule makes.

LIDC has no outcomes at hand: radiologists' ratings stand for them, turned round where the network
must learn what it does not know. That says that the run works on what StarNet really sees, not
that an outcome can be told.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medical.malignancy.reader import NoduleTokens
from medical.training.malignancy.nodules import patient_folds, read_nodules
from medical.training.malignancy.outcomes.gate import OutcomeVerdict, decide_on_outcomes
from medical.training.malignancy.outcomes.known import KnownFinding, stacked
from medical.training.malignancy.outcomes.learn import learn, risks_of
from medical.training.malignancy.outcomes.split import split_by_patient
from medical.training.malignancy.views import Placing, cut_view, tokens_of
from models.zoo.starnet import load_starnet

pytestmark = [pytest.mark.real, pytest.mark.heavy]
UNSEEN_FOLD = 0  # of the shipped weights, see their card


@pytest.fixture(scope="module")
def findings(real_data: Path) -> list[KnownFinding]:
    nodules = read_nodules(real_data / "nodules" / "lidc_vois.csv")
    folds = patient_folds([nodule.patient for nodule in nodules])
    trunk = load_starnet().trunk
    return [
        KnownFinding(
            patient=hashlib.sha256(nodule.patient.encode()).hexdigest(),
            malignant=nodule.malignancy > 3,
            how="clinical",
            tokens=NoduleTokens(
                *(part.numpy() for part in tokens_of(trunk, [cut_view(nodule, Placing(), None)]))
            ),
        )
        for nodule, fold in zip(nodules, folds, strict=True)
        if fold == UNSEEN_FOLD and nodule.malignancy != 3
    ]


def _trained(findings: list[KnownFinding], out: Path) -> OutcomeVerdict:
    loaded = load_starnet()
    taught, held = split_by_patient(findings)
    network = learn(loaded.network, taught, loaded.tokenizer, out=out)
    tokens = stacked(held)
    new, _ = risks_of(network, tokens, loaded.tokenizer)
    old, _ = risks_of(loaded.network, tokens, loaded.tokenizer)
    malignant = np.array([finding.malignant for finding in held])
    return decide_on_outcomes(new, old, malignant, [finding.patient for finding in held])


def test_what_it_knows_already_is_not_lost(findings: list[KnownFinding], tmp_path: Path) -> None:
    verdict = _trained(findings, tmp_path)
    assert verdict.auc_old is not None
    assert verdict.auc_new is not None
    assert verdict.auc_old > 0.8
    assert verdict.auc_new > verdict.auc_old - 0.05


def test_what_it_has_never_heard_of_is_learned(
    findings: list[KnownFinding], tmp_path: Path
) -> None:
    turned = [replace(finding, malignant=not finding.malignant) for finding in findings]
    verdict = _trained(turned, tmp_path)
    assert verdict.auc_old is not None
    assert verdict.auc_new is not None
    assert verdict.auc_old < 0.2
    assert verdict.auc_new > verdict.auc_old + 0.4
