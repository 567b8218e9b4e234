"""StarNet's claims from held-out predictions kept here: ``make bench NAME=starnet``.

Needs neither the data nor a network. Truth is what LIDC's radiologists rated, no pathology.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from medical.malignancy.interval import conformal_quantile, covered
from tests.benchmarks.starnet.cost import COST
from tests.benchmarks.starnet.plot import draw_reliability
from tests.benchmarks.starnet.predictions import Predictions, read_predictions
from tests.benchmarks.starnet.statistics import (
    PatientBootstrap,
    auc,
    auc_of,
    decided,
    rank_correlation,
    reader_ceiling,
)

_ROWS = (
    ("trees: size", "risk", "trees on the diameter"),
    ("trees: measures", "risk", "trees on 20 measures of image and outline"),
    ("trees: measures by second stage", "risk", "the same, outlined by a second stage"),
    ("trees: ratings", "risk", "trees on the seven ratings"),
    ("trees: ratings and size", "risk", "trees on the seven ratings and the diameter"),
    ("trees: measures and ratings", "risk", "trees on measures and ratings"),
    ("image: none", "risk", "image alone"),
    ("text: image hidden", "risk", "text alone"),
    ("concat: own", "risk", "concatenation"),
    ("standard: own", "risk", "standard cross-attention, full rank"),
    ("starnet: own", "risk", "StarNet"),
    ("starnet: own by second stage", "risk", "StarNet, outlined by a second stage"),
    ("starnet: none", "risk", "StarNet without text"),
)
_OURS = "starnet: own: risk"
_ABLATIONS = (
    ("standard", "standard", "standard design, whole curriculum"),
    ("joint only", "standard", "  no curriculum: the joint stage alone"),
    ("no image stage", "standard", "  without the image stage"),
    ("no text stage", "standard", "  without the text stage"),
    ("no alignment", "standard", "  without the alignment stage"),
    ("starnet", "starnet", "StarNet"),
    ("not distilled", "starnet", "  not distilled"),
    ("every token asks", "starnet", "  every token asks"),
    ("full rank", "starnet", "  full rank"),
    ("energy 0.8", "starnet", "  ranks that hold 0.8 of the energy, not 0.6"),
    ("energy 0.4", "starnet", "  ranks that hold 0.4 of it"),
)
PLOT = Path("docs/benchmarks/starnet.png")


def main() -> None:
    """Print every table, and the line of results."""
    p = read_predictions()
    bootstrap = PatientBootstrap(p.patient)
    print(
        f"{len(p.patient)} nodules of {len(set(p.patient))} patients, held out in "
        f"{len(set(p.fold))} of five folds by patient; "
        f"AUC of rated 4-5 against 1-2 on {int(decided(p.rating).sum())}\n"
    )
    _print_variants(p, bootstrap)
    ceiling = _print_ceiling(p)
    _print_ablations(p, bootstrap)
    saved = _print_cost()
    _print_robustness(p)
    coverage = _print_calibration(p, bootstrap)
    draw_reliability(p, PLOT)
    rows = np.arange(len(p.patient))

    def figure(name: str) -> float:
        return round(auc_of(p.rating, p.columns[f"{name}: risk"], rows), 3)

    result = {
        "auc_starnet": figure("starnet: own"),
        "auc_image": figure("image: none"),
        "auc_text": figure("text: image hidden"),
        "auc_concat": figure("concat: own"),
        "auc_standard": figure("standard: own"),
        "auc_trees": figure("trees: measures and ratings"),
        "auc_ceiling": round(ceiling, 3),
        **saved,
        "coverage": round(coverage, 3),
    }
    print("RESULT " + json.dumps(result))


def _print_variants(p: Predictions, bootstrap: PatientBootstrap) -> None:
    every, starnet = np.arange(len(p.patient)), p.columns[_OURS]
    print(f"{'':46s} AUC                    StarNet less it         rank correlation")
    for name, value, words in _ROWS:
        column = p.columns[f"{name}: {value}"]
        low, high = bootstrap.interval(lambda rows, c=column: auc_of(p.rating, c, rows))
        d_low, d_high = bootstrap.interval(
            lambda rows, c=column: auc_of(p.rating, starnet, rows) - auc_of(p.rating, c, rows)
        )
        auc = auc_of(p.rating, column, every)
        apart = auc_of(p.rating, starnet, every) - auc
        rank = rank_correlation(p.target, column)
        less = "" if name == "starnet: own" else f"{apart:+.3f} [{d_low:+.3f}, {d_high:+.3f}]"
        print(f"{words:46s} {auc:.3f} [{low:.3f}, {high:.3f}]   {less:24s} {rank:.3f}")
    print(
        f"{'published: 3D ResNet-50, warm-started':46s} 0.90  [0.87, 0.93]    "
        "(LUNA16's ratings, its own split and exclusions: arXiv 2405.04605)\n"
    )


def _print_ablations(p: Predictions, bootstrap: PatientBootstrap) -> None:
    """Means over both seeds of one thing taken away, less the mean with it."""
    every = np.arange(len(p.patient))
    print(f"{'mean of two seeds':46s} AUC    difference [95 %]          without text  words alone")
    for name, base, words in _ABLATIONS:
        own = [p.columns[f"{each}: own: risk"] for each in (name, f"{name}#1")]
        with_it = [p.columns[f"{each}: own: risk"] for each in (base, f"{base}#1")]

        def mean(rows: np.ndarray, columns: list[np.ndarray]) -> float:
            return float(np.mean([auc_of(p.rating, column, rows) for column in columns]))

        none, hidden = (
            mean(every, [p.columns[f"{each}: {present}: risk"] for each in (name, f"{name}#1")])
            for present in ("none", "image hidden")
        )
        less = ""
        if name != base:
            low, high = bootstrap.interval(
                lambda rows, a=own, b=with_it: mean(rows, a) - mean(rows, b)
            )
            apart = mean(every, own) - mean(every, with_it)
            less = f"{apart:+.3f} [{low:+.3f}, {high:+.3f}]"
        print(f"{words:46s} {mean(every, own):.3f}  {less:24s}  {none:.3f}         {hidden:.3f}")
    print()


def _print_ceiling(p: Predictions) -> float:
    own, others, rows = reader_ceiling(p.readers)
    clear = (others <= 2) | (others >= 4)
    ceiling = auc(others[clear] >= 4, own[clear])
    chosen = np.array(rows)[clear]
    starnet = auc(others[clear] >= 4, p.risk("starnet")[chosen])
    alone = auc(others[clear] >= 4, p.risk("image", "none")[chosen])
    print(
        f"One radiologist against the mean of the others (4 and more against 2 and less, "
        f"{int(clear.sum())} pairs): {ceiling:.3f};\n  on the same pairs StarNet {starnet:.3f}, "
        f"image alone {alone:.3f}; rank correlation of one with the others "
        f"{rank_correlation(others, own):.3f}\n"
    )
    return ceiling


def _print_cost() -> dict[str, float]:
    cost = json.loads(COST.read_text("utf-8"))["means"]
    print(f"{'':30s} operations (M)  of them attention  ms      parameters")
    for name, of in cost.items():
        print(
            f"{name:30s} {of['operations'] / 1e6:8.2f} {of['attention_operations'] / 1e6:14.2f}"
            f" {of['milliseconds']:16.2f} {of['parameters']:12.0f}"
        )
    full, queries, dynamic = (
        cost[name] for name in ("standard", "chosen queries, full rank", "starnet")
    )
    saved = {
        "operations_saved": 1 - queries["attention_operations"] / full["attention_operations"],
        "operations_saved_whole": 1 - dynamic["operations"] / full["operations"],
        "parameters_saved": 1 - dynamic["parameters"] / full["parameters"],
    }
    print(
        f"Chosen queries alone save {saved['operations_saved']:.1%} of the cross-attention's "
        f"operations; with low rank {saved['operations_saved_whole']:.1%} of the network's, and "
        f"{saved['parameters_saved']:.1%} of its parameters\n"
    )
    return {name: round(value, 3) for name, value in saved.items()}


def _print_robustness(p: Predictions) -> None:
    conditions = dict.fromkeys(
        name.split(": ")[1] for name in p.columns if name.startswith("starnet: ")
    )
    rows = np.arange(len(p.patient))
    base = p.risk("starnet", "none")
    print(
        f"{'StarNet is told':36s} AUC    text's weight  trust   risk moves  error   "
        "lowest to highest risk"
    )
    for condition in conditions:
        risk = p.risk("starnet", condition)
        print(
            f"{condition:36s} {auc_of(p.rating, risk, rows):.3f} "
            f"{p.value(condition, 'text_weight').mean():10.3f} "
            f"{p.value(condition, 'trust').mean():10.3f} {np.abs(risk - base).mean():10.3f} "
            f"{p.value(condition, 'spread').mean():9.3f}    {risk.min():.3f} to {risk.max():.3f}"
        )
    print()


def _print_calibration(p: Predictions, bootstrap: PatientBootstrap) -> float:
    """Coverage of each fold's intervals by a quantile from the other folds' patients."""
    for condition in ("own by second stage", "none by second stage"):
        risk, spread = p.risk("starnet", condition), p.value(condition, "spread")
        inside, width = np.zeros(len(risk), bool), np.zeros(len(risk))
        for fold in np.unique(p.fold):
            rest, held = p.fold != fold, p.fold == fold
            patients = [name for name, other in zip(p.patient, rest, strict=True) if other]
            quantile = conformal_quantile(risk[rest], spread[rest], p.target[rest], patients)
            inside[held] = covered(risk[held], spread[held], p.target[held], quantile)
            low, high = (
                np.clip(risk - quantile * spread, 0, 1),
                np.clip(risk + quantile * spread, 0, 1),
            )
            width[held] = (high - low)[held]
        low, high = bootstrap.interval(lambda rows, c=inside: float(c[rows].mean()))
        print(
            f"95 % intervals, {condition}: hold {inside.mean():.3f} [{low:.3f}, {high:.3f}], "
            f"mean width {width.mean():.2f} of 0 to 1"
        )
        groups = {
            "under 6 mm": p.diameter_mm < 6,
            "6 to 8 mm": (p.diameter_mm >= 6) & (p.diameter_mm < 8),
            "8 to 15 mm": (p.diameter_mm >= 8) & (p.diameter_mm < 15),
            "15 mm and more": p.diameter_mm >= 15,
            "ground-glass (texture 1, 2)": p.texture <= 2,
            "part-solid (3, 4)": (p.texture == 3) | (p.texture == 4),
            "solid (5)": p.texture == 5,
        }
        for name, chosen in groups.items():
            print(f"    {name:30s} {inside[chosen].mean():.3f} of {int(chosen.sum())}")
        if condition.startswith("own"):
            coverage = float(inside.mean())
    print()
    return coverage


if __name__ == "__main__":
    main()
