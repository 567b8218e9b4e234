"""Let a fold read what it left out: ``python -m tests.benchmarks.folds.read DATA OUT FOLD``.

Each scan as it is and with nodules INSERTED (``folds.hybrids``), the whole box at once, in one view
and in two. Writes ``OUT/FOLD.csv``: candidates (both stages' logits) and what is known of the scan,
positions on its 1 mm grid.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from medical.synthesis.case import TrainingCase
from medical.training.recipes import read_recipe
from models.training.two_stage import TwoStage
from tests.benchmarks.folds.inserted import with_room
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


def main() -> None:
    """Read and write."""
    data, out, fold = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    recipe = read_recipe(RECIPE)
    networks = TwoStage(recipe.detector.build(), recipe.refiner.build())
    networks.load_state_dict(load_file(out / f"{fold}.safetensors"))
    networks = networks.float().eval()
    readers = {views: WholeBox(networks, device=device, views=views) for views in VIEWS}
    part = out / f"{fold}.csv.part"
    with part.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for name in left_out(fold):
            for case, inserted, ignored in scans_of(data, name):
                table.writerows(rows_of(case, name, inserted, ignored, readers))
    part.replace(out / f"{fold}.csv")


if __name__ == "__main__":
    main()
