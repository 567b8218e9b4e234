"""Read what a fold left out: ``python -m tests.benchmarks.leave_out.read DATA OUT FOLD``.

Each scan as it is and as eight hybrid scans (nodules INSERTED as the frozen set's are).
``OUT/FOLD.marks.npz`` holds the marks and what is known of the scans.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from medical.ct.insertion.hybrid import InsertedNodule
from medical.ct.insertion.pool import NodulePool
from medical.retraining.cases import TrainingCase
from models.detector.refiner import RefinerConfig
from models.training.joint import TwoStage
from tests.benchmarks.ablations.marks import MarkReader
from tests.benchmarks.hybrid_set import SEED, make_set
from tests.benchmarks.leave_out.folds import FOLDS, LUNGS
from tests.benchmarks.leave_out.seen import Places, SeenScan, evidence, keep
from tests.benchmarks.leave_out.train import FIRST_STAGE
from tests.benchmarks.phantom_lungs import PATCH

Scan = tuple[str, TrainingCase, tuple[InsertedNodule, ...], tuple[InsertedNodule, ...]]

_FIRST_LUNG = 10  # the frozen set's seeds are those of the lungs 0 to 2


def read_lung(reader: MarkReader, case: TrainingCase, pool: NodulePool) -> list[SeenScan]:
    """A scan as it is, then its hybrid scans."""
    case = _with_room(case)
    first_seed = SEED + 100 * (_FIRST_LUNG + LUNGS.index(case.name))
    scans: list[Scan] = [(case.name, case, (), ())]
    for made in make_set([case], pool, first_seed=first_seed):
        scans.append((made.case.name, made.case, made.inserted, made.ignored))
    seen = []
    for name, image, inserted, ignored in scans:
        marks = reader.read(image)
        places = np.column_stack([marks.centers_voxel, marks.diameters_mm])
        seen.append(
            SeenScan(
                name,
                case.name,
                places.astype(np.float64),
                evidence(marks),
                case.nodules.astype(np.float64),
                case.doubtful.astype(np.float64),
                _places(inserted),
                _places(ignored),
            )
        )
    return seen


def _with_room(case: TrainingCase) -> TrainingCase:
    """Grown at its ends where it is thinner than the patches that nodules are inserted by."""
    grow = [(0, max(0, PATCH - edge)) for edge in case.code.shape]
    return replace(case, code=np.pad(case.code, grow, mode="edge"), lung=np.pad(case.lung, grow))


def _places(nodules: tuple[InsertedNodule, ...]) -> Places:
    rows = [(*one.center_voxel, one.diameter_mm) for one in nodules]
    return np.array(rows, np.float64).reshape(-1, 4)


def main() -> None:
    """Read and keep."""
    data, out, fold = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    networks = TwoStage(FIRST_STAGE.build(), RefinerConfig().build())
    networks.load_state_dict(load_file(out / f"{fold}.safetensors"))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    reader = MarkReader(networks.float().eval(), device=device)
    pool = NodulePool.load(data / "held.npz")
    seen: list[SeenScan] = []
    for name in FOLDS[fold]:
        seen += read_lung(reader, TrainingCase.load(data / "cases" / f"{name}.npz"), pool)
    keep(seen, out / f"{fold}.marks.npz")


if __name__ == "__main__":
    main()
