"""Second stages taught anew, beside the shipped one: candidates of lungs that none had seen.

``python -m tests.benchmarks.folds.second.second_stages DATA MODEL NAME=WEIGHTS...`` lets each
second stage (``refiner.*`` of ``folds.train``'s weights) judge the candidates that a model's first
stage found in two views and writes a table: a line a candidate, in the order of the model's own
predictions, a column of logits a second stage. ``make bench NAME=folds`` prints what they give.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from safetensors.torch import load_file

from medical.detection.refinement import RefinementStage, cut
from medical.evaluation.froc import Scores, match_scans
from medical.evaluation.intervals import draw_scans, percentile_interval
from models.detector.refiner import RefinerConfig
from tests.benchmarks.folds.compare import cpm_by_lung
from tests.benchmarks.folds.predictions import PREDICTIONS, read_predictions
from tests.benchmarks.folds.read import scans_of
from tests.benchmarks.folds.scans import UNSEEN
from tests.benchmarks.folds.small.refinement import classify, stage_of
from tests.benchmarks.leave_out.known_lesions import lesions_of, others_of
from tests.benchmarks.leave_out.score import tables_of
from tests.benchmarks.leave_out.seen_scan import SeenScan

SHIPPED = "shipped"
_VIEW = "views2"
SHARES = (0.0, 0.0625, 0.125, 0.25, 0.5, 0.75, 1.0, 1.5)
NAMES = {
    SHIPPED: "starlung-fast's own: 70 % real nodules, 199 s on four",
    "v1": "as the shipped one, 100 s",
    "v2": "real nodules alone, 330 s",
    "v2-b": "the same, another seed, 200 s",
    "v3": "real nodules alone, hard negatives mined, 330 s",
    "v3-b": "the same, another seed, 200 s",
    "v4": "the shipped one taught on as v3, 200 s",
    **{
        f"{head}-{seed}": words
        for head, words in {
            "crops": "another head on the shipped one's convolutions, real nodules alone",
            "both": "it sees the first stage's features, too",
            "both-heat": "and the first stage's logit",
            "features": "the first stage's features alone",
            "features-heat": "and its logit",
            "along": "both-heat, the convolutions taught along",
        }.items()
        for seed in (41, 42)
    },
}
"""The last six heads: ``folds.second.first_features``; two seeds, 96 s (lite: one, 54 s)."""
MEANS = {
    "mean of v2 and v3": ("v2", "v2-b", "v3", "v3-b"),
    "mean of six": ("v1", "v2", "v2-b", "v3", "v3-b", "v4"),
    "and the shipped": (SHIPPED, "v1", "v2", "v2-b", "v3", "v3-b", "v4"),
}
"""Several second stages as one: more than a single one that is taught by them can give."""


class Candidates(NamedTuple):
    """Whose candidates are judged.

    Args:
        predictions: the model's own.
        table: what the second stages say of their candidates.
        features: what those say that see the first stage's features, where there are any.
        share: of the shipped second stage's logit that the predictions hold.
    """

    predictions: Path
    table: Path
    features: Path
    share: float


MODELS = {
    "starlung-fast": Candidates(
        PREDICTIONS / "fast-int8.csv",
        PREDICTIONS / "second-stages.csv",
        PREDICTIONS / "first-features.csv",
        0.25,
    ),
    "starlung-lite": Candidates(
        PREDICTIONS / "starlung-lite.csv",
        PREDICTIONS / "second-stages-lite.csv",
        PREDICTIONS / "first-features-lite.csv",
        0.0625,
    ),
}

Logits = Float[np.ndarray, " n"]


class Figures(NamedTuple):
    """What a second stage gives on lungs that it has not seen.

    Args:
        by_share: CPM of each lung at each share of the logit ``[shares, lungs]``.
        crossed: CPM of each lung at the share that is best on the other lungs ``[lungs]``.
        share: best on all lungs.
        one_threshold: CPM by one threshold for all lungs, at that share.
        false_positives: a scan, at the threshold that lets all known lesions pass.
    """

    by_share: Float[np.ndarray, "shares lungs"]
    crossed: Float[np.ndarray, " lungs"]
    share: float
    one_threshold: float
    false_positives: float


def read_second_stages(model: Candidates) -> dict[str, dict[str, Logits]]:
    """Logits by second stage and scan, candidates in the order of their table."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with model.predictions.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["kind"] == _VIEW:
                values[SHIPPED][row["scan"]].append(float(row["second"]) / model.share)
    for table in (model.table, model.features):
        if not table.exists():
            continue
        with table.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for name in list(row)[1:]:
                    values[name][row["scan"]].append(float(row[name]))
    return {
        name: {scan: np.array(logits) for scan, logits in table.items()}
        for name, table in values.items()
    }


def average(stages: dict[str, dict[str, Logits]], names: tuple[str, ...]) -> dict[str, Logits]:
    """Logits of several second stages as one."""
    return {scan: np.mean([stages[name][scan] for name in names], 0) for scan in stages[names[0]]}


def weigh(first: list[SeenScan], logits: dict[str, Logits], *, share: float) -> list[SeenScan]:
    """Scans of the first stage alone with a share of a second one's logits."""
    return [replace(scan, scores=scan.scores + share * logits[scan.name]) for scan in first]


def count_for_all(scans: list[SeenScan]) -> float:
    """False positives a scan where every known lesion passes; infinite where none marks one."""
    real = [scan for scan in scans if scan.as_it_is]
    least = np.inf
    for scan in real:
        ranks = [lesion.rank for lesion in lesions_of(scan)]
        if None in ranks:
            return float("inf")
        strongest = np.sort(scan.scores)[::-1]
        least = min([least, *(strongest[rank - 1] for rank in ranks if rank)])
    passed = [others_of(scan, count_ignore_regions=False) >= least for scan in real]
    return float(np.mean([part.sum() for part in passed]))


def judge_stage(first: list[SeenScan], logits: dict[str, Logits]) -> Figures:
    """Judge a second stage at every share of its logit."""
    by_share = np.array(
        [list(cpm_by_lung(weigh(first, logits, share=share)).values()) for share in SHARES]
    )
    lungs = np.arange(by_share.shape[1])
    crossed = [by_share[by_share[:, lungs != lung].mean(1).argmax(), lung] for lung in lungs]
    share = SHARES[int(by_share.mean(1).argmax())]
    scans = weigh(first, logits, share=share)
    tables = tables_of([scan for scan in scans if not scan.as_it_is])
    return Figures(
        by_share,
        np.array(crossed),
        share,
        Scores.of(match_scans(tables)).curve().cpm,
        count_for_all(scans),
    )


def compare_lungs(other: Float[np.ndarray, " lungs"], base: Float[np.ndarray, " lungs"]) -> str:
    """Mean difference by lung, with its interval."""
    difference = other - base
    low, high = percentile_interval(difference[draw_scans(len(difference))].mean(1))
    return f"{difference.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def print_second_stages() -> None:
    """Print each second stage, and several as one, beside the shipped one and beside none."""
    for name, model in MODELS.items():
        print(f"== second stages anew on {name}'s candidates, INSERTED nodules, mean over lungs")
        print("share of the logit " + " ".join(f"{share:6g}" for share in SHARES))
        print_model(model)


def print_model(model: Candidates) -> None:
    """Print a line a second stage: by share, then at the share that the other lungs choose."""
    first = read_predictions(model.predictions, views=2, with_second=False)
    stages = read_second_stages(model)
    by_name = {name: stages[name] for name in NAMES if name in stages}
    for words, names in MEANS.items():
        if all(name in stages for name in names):
            by_name[words] = average(stages, names)
    figures = {name: judge_stage(first, logits) for name, logits in by_name.items()}
    shipped = figures[SHIPPED].by_share[SHARES.index(model.share)]
    for name, row in figures.items():
        cpm = "  ".join(f"{value:.3f}" for value in row.by_share.mean(1))
        beside = compare_lungs(row.crossed, shipped)
        print(
            f"{name:18s}  {cpm}  {row.crossed.mean():.3f}  {beside}; at {row.share:g} one "
            f"threshold {row.one_threshold:.3f}, known lesions at {row.false_positives:.2f}"
        )


def load_second(path: Path) -> RefinementStage:
    """Make a second stage of the shipped sizes with the weights of a training."""
    second = RefinerConfig(dropout=0.5).build()
    weights = {
        name.removeprefix("refiner."): weight.float()
        for name, weight in load_file(path).items()
        if name.startswith("refiner.")
    }
    second.load_state_dict(weights)
    return stage_of(second.eval())


def places_of(predictions: Path, lung: str) -> dict[str, Places]:
    """Candidates of each scan of a lung, in the order of the table."""
    rows: dict[str, list[list[float]]] = defaultdict(list)
    with predictions.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["lung"] == lung and row["kind"] == _VIEW:
                place = [float(row[name]) for name in ("z", "y", "x", "diameter_mm")]
                rows[row["scan"]].append(place)
    return {scan: np.array(table) for scan, table in rows.items()}


def judge_lung(
    data: Path, lung: str, stages: list[RefinementStage], *, predictions: Path
) -> Iterator[list[str]]:
    """Lines of the table of one lung: its scan, then each second stage's logit."""
    hu = {case.name: case for case, _, _ in scans_of(data, lung)}
    for scan, table in places_of(predictions, lung).items():
        crops = cut(hu[scan].hu, table[:, :3], table[:, 3])
        for logits in zip(*(classify(stage, crops) for stage in stages), strict=True):
            yield [scan, *(f"{logit:.2f}" for logit in logits)]


def main() -> None:
    """Judge and write."""
    data, model = Path(sys.argv[1]), MODELS[sys.argv[2]]
    paths = dict(argument.split("=", 1) for argument in sys.argv[3:])
    stages = [load_second(Path(path)) for path in paths.values()]
    part = model.table.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["scan", *paths])
        for lung in UNSEEN:
            writer.writerows(judge_lung(data, lung, stages, predictions=model.predictions))
            print(lung, flush=True)
    part.replace(model.table)


if __name__ == "__main__":
    main()
