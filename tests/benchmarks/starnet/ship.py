"""Write one fold's StarNet into the zoo, calibrated on the patients that it left out.

``python -m tests.benchmarks.starnet.ship`` FACTS TOKENIZER TRAINED SECOND_STAGE OUT, where TRAINED
is the folder of ``many`` and SECOND_STAGE the weights (safetensors) whose second stage made the
tokens. The first fold of the first seed is taken: none was chosen by its figures.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from medical.malignancy.interval import conformal_quantile
from medical.training.malignancy.batches import target_of
from medical.training.malignancy.facts import read_facts
from medical.training.malignancy.nodules import patient_folds
from medical.training.malignancy.second_stage import refiner_of, trunk_of
from models.detector.refiner import RefinerConfig
from models.zoo.starnet import save_starnet
from models.zoo.starnet_card import StarNetCard
from tests.benchmarks.starnet.train import folder_of, load_network
from tests.benchmarks.starnet.variants import OURS

FOLD = 0
VERSION = "0.6.1"
RATES = (
    "The mean rating that LIDC's radiologists would give, 1 (highly unlikely malignant) to 5 "
    "(highly suspicious), as 0 to 1. Taught on ratings, not on pathology."
)
NOT_GOOD_FOR = [
    "clinical use of any kind: research only",
    "telling cancer from no cancer: it repeats what radiologists rate, and their doubts",
    "clinical context: it is read, and was taught to change nothing",
    "real reports: it knows LIDC's descriptors as a program puts them into phrases; no real report "
    "was at hand",
    "nodules of other scanners or of screening populations: not measured",
    "text that is no report: most nonsense weighs next to nothing, but single strings get through "
    "with the weight of a report (docs/benchmarks/starnet.md)",
]


def main(facts: str, tokenizer: str, trained: str, second_stage: str, out: str) -> None:
    """Calibrate and write."""
    nodules = read_facts(Path(facts))
    folds = patient_folds([nodule.patient for nodule in nodules])
    target = np.array([target_of(nodule) for nodule in nodules])
    folder = folder_of(Path(trained), 0, FOLD)
    network = load_network(folder / f"{OURS}.pt")
    refiner_config = RefinerConfig()
    trunk = trunk_of(refiner_of(load_file(second_stage), refiner_config), refiner_config.widths)
    quantiles = {}
    with np.load(folder / f"{OURS}.npz") as stored:
        rows = stored["rows"]
        patients = [nodules[row].patient for row in rows]
        for name, condition in (("with", "own"), ("without", "none")):
            risk, error = stored[f"{condition} by second stage"][:2].astype(float)
            quantiles[name] = conformal_quantile(risk, error, target[rows], patients)
    taught = np.flatnonzero(folds != FOLD)
    card = StarNetCard(
        name="starnet",
        version=VERSION,
        sha256="",
        tokenizer_sha256="",
        config=network.config.to_dict(),
        quantile_with_text=quantiles["with"],
        quantile_without_text=quantiles["without"],
        calibration_set=f"{len(rows)} nodules of {len(set(patients))} LIDC patients of fold "
        f"{FOLD}, whom the network has not seen; each patient weighs one; outlined by a second "
        "stage",
        rates=RATES,
        data=[
            f"LIDC-IDRI (CC BY 3.0): {len(taught)} nodules of "
            f"{len({nodules[row].patient for row in taught})} patients (folds 1 to 4 of five by "
            "patient) with their readers' ratings; none of the reserved patients",
            "Report phrases written from the ratings by a program, English and Chinese; clinical "
            "context was drawn at random: there is no truth for it",
            "Trunk: near convolutions of a second stage trained from nothing (fold 'none' of "
            "docs/benchmarks/folds.md, no reserved patient); it has seen most of these nodules, "
            "those of fold 0 too, inserted into other CTs, their outlines and sizes, never a "
            "malignancy rating",
        ],
        recipe="models/zoo/recipes/starnet: a teacher of the usual design by four stages, then "
        "StarNet from it by low rank and distillation; batches of 32, one core of a shared machine",
        metrics={"held_out": "docs/benchmarks/starnet.md"},
        not_good_for=NOT_GOOD_FOR,
    )
    save_starnet(network, trunk, Path(tokenizer).read_bytes(), card, Path(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
