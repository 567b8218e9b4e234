"""Read what a fold left out: ``python -m tests.benchmarks.leave_out.read DATA OUT FOLD``.

Each scan as it is and as eight hybrid scans (nodules INSERTED as the frozen set's are). FOLD is
``shipped`` for 0.5.0's weights on the scans held out from them, as they are alone.
``OUT/FOLD.marks.npz`` holds the marks and what is known of the scans.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.training.recipes import read_recipe
from models.detector.refiner import RefinerConfig
from models.training.two_stage import TwoStage
from models.zoo.loader import find_model
from models.zoo.networks import load_networks
from tests.benchmarks.ablations.marks import MarkReader
from tests.benchmarks.leave_out.folds import FOLDS, LUNGS, SHIPPED
from tests.benchmarks.leave_out.seen_scan import Places, SeenScan, evidence, save_scans
from tests.benchmarks.shared.cases import HELD_OUT_SCANS
from tests.benchmarks.shared.insertion import InsertedNodule, InsertionScan
from tests.benchmarks.shared.insertion_set import SEED, make_set

Scan = tuple[TrainingCase, tuple[InsertedNodule, ...], tuple[InsertedNodule, ...]]

PATCH = 96  # voxels, of the engine that inserts
_FIRST_LUNG = 10  # the frozen set's seeds are those of the lungs 0 to 2


def hybrids_of(case: TrainingCase, pool: NodulePool) -> list[InsertionScan]:
    """The hybrid scans of a lung."""
    first_seed = SEED + 100 * (_FIRST_LUNG + LUNGS.index(case.name))
    return make_set([case], pool, first_seed=first_seed)


def read_lung(
    reader: MarkReader, case: TrainingCase, insertion_scans: Sequence[InsertionScan]
) -> list[SeenScan]:
    """A scan as it is, then its hybrid scans."""
    scans: list[Scan] = [(case, (), ())]
    scans += [(made.case, made.inserted, made.ignored) for made in insertion_scans]
    seen = []
    for image, inserted, ignored in scans:
        candidates = reader.read(image)
        places = np.column_stack([candidates.centers_voxel, candidates.diameters_mm])
        seen.append(
            SeenScan(
                image.name,
                case.name,
                places.astype(np.float64),
                evidence(candidates),
                case.nodules.astype(np.float64),
                case.ignore_regions.astype(np.float64),
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
    rows = [(*nodule.center_voxel, nodule.diameter_mm) for nodule in nodules]
    return np.array(rows, np.float64).reshape(-1, 4)


def networks_of(fold: str, out: Path) -> TwoStage:
    """What a fold's training wrote, or 0.5.0's weights."""
    if fold == SHIPPED:
        return load_networks(find_model("starlung-base"))
    networks = TwoStage(read_recipe("starlung-0.5.0").detector.build(), RefinerConfig().build())
    networks.load_state_dict(load_file(out / f"{fold}.safetensors"))
    return networks.float().eval()


def main() -> None:
    """Read and keep."""
    data, out, fold = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    reader = MarkReader(networks_of(fold, out), device=device)
    pool = NodulePool.load(data / "held.npz")
    out.mkdir(parents=True, exist_ok=True)
    seen: list[SeenScan] = []
    for name in FOLDS.get(fold, tuple(HELD_OUT_SCANS)):
        case = _with_room(TrainingCase.load(data / "cases" / f"{name}.npz"))
        seen += read_lung(reader, case, hybrids_of(case, pool) if fold in FOLDS else ())
    save_scans(seen, out / f"{fold}.marks.npz")


if __name__ == "__main__":
    main()
