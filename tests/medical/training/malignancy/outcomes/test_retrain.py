"""StarNet trained on from outcomes of a site that was made: split, gate, card, trail."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from medical.errors import InputError
from medical.malignancy.reader import MalignancyReader
from medical.store.audit import newest, verify
from medical.store.database import Store
from medical.training.malignancy.outcomes.known import join_outcomes
from medical.training.malignancy.outcomes.retrain import NAME, retrain_starnet
from medical.training.malignancy.outcomes.split import split_by_patient
from medical.training.malignancy.outcomes.table import read_outcomes
from models.zoo.starnet import load_starnet
from models.zoo.starnet_card import read_card
from tests.medical.training.malignancy.outcomes.made_site import made_site, made_tokens


def test_what_is_learned_is_promoted_with_card_and_entry(store: Store, tmp_path: Path) -> None:
    table, out = made_site(store, tmp_path, patients=64), tmp_path / "run"
    verdict = retrain_starnet(store, table, out=out, actor="anna", steps=60)
    assert verdict.auc_new is not None
    assert verdict.auc_old is not None
    assert verdict.auc_new > verdict.auc_old
    assert verdict.replaces
    assert json.loads((out / "verdict.json").read_text())["replaces"] is True
    reader = MalignancyReader(out / "starnet")
    card = reader.card
    assert card.name == f"{NAME}-{card.digest[:8]}"
    assert "outcomes of this site" in card.rates
    assert card.digest != load_starnet().card.digest
    assert any("histology" in line and "follow-up" in line for line in card.data)
    entry = newest(store, 1)[0]
    assert (entry.actor, entry.action) == ("anna", "retrain")
    assert entry.subject == f"starnet {card.digest[:32]} promoted"
    assert not verify(store).problem
    malignant, benign = (
        reader.read_words(made_tokens(1000, malignant=value), [""])[0] for value in (True, False)
    )
    assert malignant.risk > benign.risk
    before, after = (
        load_starnet(*place).network.state_dict() for place in ((), (out / "starnet",))
    )
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert all(name.startswith("gate.vote.") for name in changed)
    assert not any(name.startswith("gate.vote.4") for name in changed)  # that of the text


def test_too_few_held_out_keep_the_old_one(store: Store, tmp_path: Path) -> None:
    table, out = made_site(store, tmp_path, patients=26), tmp_path / "run"
    verdict = retrain_starnet(store, table, out=out, actor="anna", steps=5)
    assert not verdict.replaces
    assert "too few to tell" in verdict.why
    assert not (out / "starnet").exists()
    assert read_card(out / "not-promoted").kept_back == verdict.why
    assert newest(store, 1)[0].subject.endswith(" kept-old")


def test_too_few_to_train_on_are_refused(store: Store, tmp_path: Path) -> None:
    table = made_site(store, tmp_path, patients=8)
    with pytest.raises(InputError, match=r"to train on: [0-4], where 5 are needed"):
        retrain_starnet(store, table, out=tmp_path / "run", actor="anna", steps=5)
    assert not (tmp_path / "run").exists()


def test_a_patient_is_on_one_side_in_every_run(store: Store, tmp_path: Path) -> None:
    table, digest = made_site(store, tmp_path, patients=30), load_starnet().card.digest
    known = join_outcomes(store, read_outcomes(table), table=table, digest=digest)
    taught, held = split_by_patient(known)
    assert len(taught) + len(held) == 30
    assert not {f.patient for f in taught} & {f.patient for f in held}
    fewer, _ = split_by_patient(known[:15])
    assert {f.patient for f in fewer} == {f.patient for f in taught} & {
        f.patient for f in known[:15]
    }


@pytest.mark.heavy
def test_a_run_is_repeated_to_the_bit(store: Store, tmp_path: Path) -> None:
    table = made_site(store, tmp_path, patients=80)
    runs = [
        retrain_starnet(store, table, out=tmp_path / name, actor="anna", steps=6)
        for name in ("a", "b")
    ]
    assert runs[0] == runs[1]
    assert np.isfinite(runs[0].auc_new or np.nan)
