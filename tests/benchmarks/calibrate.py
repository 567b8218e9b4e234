"""Calibrate weights on lungs that neither their training nor their choice has seen.

Run as ``python -m tests.benchmarks.calibrate DATA OUT [MODEL]`` after new weights or a changed
reading; DATA is what ``folds.data`` made. Collects scan by scan below OUT, prints what holds on
scans and on collections left out, and writes the model's card, calibrated anew, as
``OUT/card.json``. Weights, and the card in use, are not touched.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from medical.detection.calibration import MIN_DIAMETER_MM, probability
from medical.logs import LineHandler, own_log
from medical.scoring.scorer import Scorer
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.training.calibration.fit import fit_calibration
from medical.training.calibration.operating_point import Operating, choose_operating, scores_at
from medical.training.calibration.raw_scores import CalibrationData
from medical.training.calibration.recalibrate import left_out_reliability, size_coverage
from medical.training.calibration.score_cache import joined
from models.zoo.card import Calibration, CalibrationScan, ModelCard
from models.zoo.loader import CARD, DEFAULT_MODEL, StoredModel, find_model
from tests.benchmarks.folds.scans import SCANS, UNSEEN, UNSEEN_PATHS
from tests.benchmarks.intervals import collect, probability_bins
from tests.benchmarks.shared.cases import read_scans

SIZES_MM = (3, 5, 8, 15, 40)


def print_left_out(parts: Sequence[CalibrationData], group_of: Sequence[int], what: str) -> None:
    """Print what holds on each group of scans by calibration and operating point of the others."""
    measured = joined(parts)
    by_group = replace(
        measured,
        scan=np.array(group_of)[measured.scan],
        size_scan=np.array(group_of)[measured.size_scan],
    )
    bins = probability_bins(by_group)
    held = sum(bin_[-1] for bin_ in bins)
    print(f"{what} left out: sizes held {size_coverage(by_group)}")
    print(f"  probability: {held} of {len(bins)} groups of candidates, {_widths(parts, group_of)}")
    false = detected = nodules = 0
    for group in sorted(set(group_of)):
        others = [part for part, of in zip(parts, group_of, strict=True) if of != group]
        calibration = _calibration(joined(others), "")
        point = choose_operating(joined(others), calibration, scans=len(others)).threshold
        for name, part, of in zip(UNSEEN, parts, group_of, strict=True):
            if of != group:
                continue
            hits, wrong = scores_at(part, calibration)
            large = hits[part.inserted_mm >= MIN_DIAMETER_MM]
            counts = int((wrong >= point).sum()), int((large >= point).sum()), len(large)
            print(f"  {name:16} from {point}: {counts[0]} false, {counts[1]} of {counts[2]} found")
            false, detected, nodules = false + counts[0], detected + counts[1], nodules + counts[2]
    print(f"  {false / len(parts):.2f} false positives a scan, {detected / nodules:.3f} found")


def _widths(parts: Sequence[CalibrationData], group_of: Sequence[int]) -> str:
    """Median width of the intervals of middling probability, each by the other groups."""
    widths: list[float] = []
    for group in set(group_of):
        others = [part for part, of in zip(parts, group_of, strict=True) if of != group]
        calibration = _calibration(joined(others), "")
        for part, of in zip(parts, group_of, strict=True):
            if of == group:
                scores = part.scores
                p, low, high = probability(
                    calibration,
                    scores.detector_logit,
                    scores.refiner_logit,
                    scores.refiner_std,
                    scores.diameter_mm,
                )
                widths += (high - low)[(p > 0.05) & (p < 0.95)].tolist()
    return f"median width {np.median(widths):.2f} of {len(widths)} from 0.05 to 0.95"


def metrics_of(
    measured: CalibrationData, hits: np.ndarray, operating: Operating
) -> dict[str, object]:
    """For the card: sensitivity by size with an interval, errors of size, and the guarantee."""
    point = operating.threshold
    mm, rng = measured.inserted_mm, np.random.default_rng(0)
    draws = [(rng.choice(hits, len(hits)) >= point).mean() for _ in range(1000)]
    bins = {}
    for low, high in pairwise(SIZES_MM):
        inside = (mm >= low) & (mm < high)
        share = round(float((hits[inside] >= point).mean()), 3)
        bins[f"{low}-{high} mm"] = {"sensitivity": share, "nodules": int(inside.sum())}
    sizes = measured.sizes
    diameter = np.abs(sizes.log_diameter_error - np.median(sizes.log_diameter_error))
    volume = np.abs(sizes.log_volume_error - np.median(sizes.log_volume_error))
    return {
        "held_out_inserted_nodules": {
            "nodules": len(hits),
            "scans": len(UNSEEN),
            "sensitivity_at_operating_point": round(float((hits >= point).mean()), 3),
            "ci95_bootstrap_by_nodule": np.quantile(draws, (0.025, 0.975)).round(3).tolist(),
            "by_size": bins,
            "median_relative_error_diameter": round(float(np.median(diameter)), 3),
            "median_relative_error_volume": round(float(np.median(volume)), 3),
            "caution": "inserted nodules, and the calibration was fitted on the same "
            f"{len(UNSEEN)} scans; false positives counted on the scans as they are, findings "
            "that nobody judged left out",
        },
        "operating_point_promise": operating.guarantee,
    }  # fmt: skip


def _calibration(measured: CalibrationData, description: str) -> Calibration:
    coverage = size_coverage(measured) if description else {}
    return fit_calibration(
        measured.scores, measured.sizes, description=description, coverage=coverage
    )


def calibrated_card(card: ModelCard, parts: Sequence[CalibrationData]) -> ModelCard:
    """The card with calibration, operating point, curve and metrics made anew."""
    measured = joined(parts)
    as_is = int((measured.scores.weight == 1.0).sum())
    calibration = _calibration(
        measured,
        f"{len(UNSEEN)} CTs that were neither trained nor chosen on ({', '.join(UNSEEN)}): "
        f"{as_is} candidates from the scans as they are and {int(measured.inserted_found.sum())} "
        f"found of {len(measured.inserted_mm)} INSERTED held-out nodules (LIDC shapes and cubes "
        "of patients not trained on), weighted to 1.3 nodules a scan. Coverage is measured "
        "leave-one-scan-out on inserted nodules.",
    )
    operating = choose_operating(measured, calibration, scans=len(UNSEEN))
    if operating.threshold is None:
        raise SystemExit(f"no operating point: {operating.guarantee['none']}")
    hits, _ = scores_at(measured, calibration)
    return card.model_copy(
        update={
            "calibration": calibration,
            "operating_point": operating.threshold,
            "operating_curve": operating.curve,
            "operating_nodules": operating.nodules,
            "operating_scans": operating.scans,
            "metrics": metrics_of(measured, hits, operating),
            "reliability": left_out_reliability(measured),
        }
    )


def calibration_scans(model: StoredModel) -> tuple[CalibrationScan, ...]:
    """What the owner's pages draw: candidates of the scans, read whole as the program reads."""
    reader = Scorer(model)
    return tuple(
        CalibrationScan(
            acquisition=dict(ct.source.acquisition),
            candidates=tuple(round(c.probability, 4) for c in reader.read(ct).candidates),
        )
        for _, ct, _ in read_scans(UNSEEN_PATHS)
    )


def main() -> None:
    """Collect, print and write."""
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    model = find_model(sys.argv[3] if len(sys.argv) > 3 else DEFAULT_MODEL)
    cases = [TrainingCase.load(data / "cases" / f"{name}.npz") for name in UNSEEN]
    cache = out / f"scores-{model.card.digest[:12]}"
    parts = collect(model, cases, NodulePool.load(data / "held.npz"), cache=cache)
    print_left_out(parts, range(len(parts)), "each scan")
    collections = sorted({SCANS[name].collection for name in UNSEEN})
    groups = [collections.index(SCANS[name].collection) for name in UNSEEN]
    print_left_out(parts, groups, "each collection")
    card = calibrated_card(model.card, parts)
    scans = calibration_scans(StoredModel(model.folder, card))
    card = card.model_copy(update={"calibration_scans": scans})
    card.write(out / CARD)
    print("RESULT " + json.dumps(card.metrics))


if __name__ == "__main__":
    with own_log(LineHandler()):
        main()
