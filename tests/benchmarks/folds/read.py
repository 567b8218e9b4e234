"""Let a fold read what it left out: ``folds.read DATA OUT FOLD [RECIPE | MODEL]``.

Each scan as it is and with nodules INSERTED (``folds.inserted``), the whole box at once, in one
view and in two, by the weights ``OUT/FOLD.safetensors`` of a recipe or by a model's networks as the
program runs them. Writes ``OUT/FOLD.csv``:
candidates (both stages' logits) and what is known of the scan, positions on its 1 mm grid. Without
an accelerator a CPU reads a lung at a time in each of its processes; a lung that was read is not
read again.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from medical.synthesis.case import TrainingCase
from medical.training.recipes import read_recipe
from models.runtime.machine import count_cores
from models.runtime.of_modules import networks_of
from models.training.two_stage import TwoStage
from models.zoo.loader import CARD, find_model
from models.zoo.ready import ready_networks
from tests.benchmarks.folds.inserted import with_room
from tests.benchmarks.folds.one_stride import build_one_stride, is_one_stride
from tests.benchmarks.folds.scans import left_out
from tests.benchmarks.folds.train import RECIPE
from tests.benchmarks.folds.whole_box import WholeBox
from tests.benchmarks.leave_out.seen_scan import Places

COLUMNS = ("scan", "lung", "kind", "z", "y", "x", "diameter_mm", "first", "second")
VIEWS = (1, 2)


def scans_of(data: Path, name: str) -> Iterator[tuple[TrainingCase, Places, Places]]:
    """A scan as it is, then its hybrid scans; what was inserted, and what counts for neither."""
    case = with_room(TrainingCase.load(data / "cases" / f"{name}.npz"))
    none = np.zeros((0, 4))
    yield case, none, none
    path = data / "hybrids" / f"{name}.npz"
    if not path.exists():
        return
    with np.load(path, allow_pickle=False) as stored:
        for number, copy in enumerate(stored["names"].tolist()):
            made = replace(case, name=copy, code=stored[f"code{number}"])
            yield made, stored[f"inserted{number}"], stored[f"ignored{number}"]


def rows_of(
    case: TrainingCase, lung: str, inserted: Places, ignored: Places, readers: dict[int, WholeBox]
) -> Iterator[tuple[object, ...]]:
    """Lines of the table of one scan."""
    truth = {
        "known": case.nodules,
        "doubtful": case.ignore_regions,
        "inserted": inserted,
        "ignored": ignored,
        "irrelevant": case.rejected,
    }
    for kind, table in truth.items():
        for row in np.asarray(table).tolist():
            yield (case.name, lung, kind, *(f"{value:.1f}" for value in row), "", "")
    for views, reader in readers.items():
        candidates = reader.read(case)
        columns = (
            candidates.centers_voxel,
            candidates.diameters_mm,
            candidates.detector,
            candidates.refiner,
        )
        for center, mm, first, second in zip(*columns, strict=True):
            place = (f"{value:.1f}" for value in (*center, mm))
            yield (case.name, lung, f"views{views}", *place, f"{first:.2f}", f"{second:.2f}")


def readers_of(weights: Path, recipe: str) -> dict[int, WholeBox]:
    """Return a reader for each number of views."""
    if Path(recipe, CARD).exists():
        ready = ready_networks(find_model(recipe), device="cpu")
        return {views: WholeBox.by(ready, views=views) for views in VIEWS}
    built, stored = read_recipe(recipe), load_file(weights)
    if is_one_stride(stored):
        networks = build_one_stride(built)
    else:
        networks = TwoStage(built.detector.build(), built.refiner.build())
    networks.load_state_dict(stored)
    networks = networks.float().eval()
    if torch.cuda.is_available():
        device = torch.device("cuda")
        return {views: WholeBox(networks, device=device, views=views) for views in VIEWS}
    ready = networks_of(networks.detector, networks.refiner)
    return {views: WholeBox.by(ready, views=views) for views in VIEWS}


def read_lungs(data: Path, weights: Path, recipe: str, folder: Path, names: list[str]) -> None:
    """Write a table of each lung, but of those that lie there."""
    readers = readers_of(weights, recipe)
    for name in names:
        if (folder / f"{name}.csv").exists():
            continue
        rows = [
            r for scan in scans_of(data, name) for r in rows_of(scan[0], name, *scan[1:], readers)
        ]
        part = folder / f"{name}.part"
        with part.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        part.replace(folder / f"{name}.csv")
        print(name, flush=True)


def main() -> None:
    """Read and write."""
    data, out, fold = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    recipe = sys.argv[4] if len(sys.argv) > 4 else RECIPE
    names, folder = left_out(fold), out / fold / "read"
    folder.mkdir(parents=True, exist_ok=True)
    processes = 1 if torch.cuda.is_available() else count_cores()
    shares = [list(names[start::processes]) for start in range(processes)]
    read = partial(read_lungs, data, out / f"{fold}.safetensors", recipe, folder)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(read, shares))
    with (out / f"{fold}.csv").open("w", newline="", encoding="utf-8") as table:
        table.write(",".join(COLUMNS) + "\n")
        for name in names:
            table.write((folder / f"{name}.csv").read_text("utf-8"))


if __name__ == "__main__":
    main()
