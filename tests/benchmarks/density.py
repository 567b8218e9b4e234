"""The density rule against radiologists on 902 real LIDC nodules: chosen on half, measured on half.

Run by ``make bench NAME=density``. Cut-outs of some 30 mm, outlined by the shipped refiner as in a
scan. Truth by the radiologists' ratings: calcification 1 to 5 is calcified; else texture 5 is
solid, 1 ground-glass, 2 to 4 part-solid. Patients are split, so no patient is on both sides.
"""

from __future__ import annotations

import csv
import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from medical.detection.refinement import RefinementStage
from medical.evaluation.intervals import draw_scans, percentile_interval
from medical.nodule.density import LIMITS, CoreHu, DensityLimits, core_hu, density_of
from models.detector.contract import CROP, DENSITIES
from models.runtime.crops import crop_around
from models.zoo.loader import DEFAULT_MODEL, find_model
from models.zoo.ready import ready_networks
from tests.benchmarks.shared.cases import DATA

NAMES = (*DENSITIES, "cavitary")
_SEED = 20261126
_MIN_SOLID = 0.9
_SAMPLES = 32
_REPEATS = 2000
_BOX_MM = 40
_CALCIFIED_BEFORE_HU = 200.0
_CHOICES = (
    range(140, 360, 60),
    range(-520, -320, 40),
    (65.0, 33.0, 20.0, 14.0, 8.0, 4.0),  # balls of 5 to 2 mm: from 6 mm on a category changes
    np.arange(0.2, 0.95, 0.05).round(2),
)


@dataclass(frozen=True, slots=True)
class Read:
    """One nodule: whose, what radiologists rated, what the outline holds, the rule before."""

    patient: str
    texture: int
    truth: int
    core: CoreHu
    before: int


def truth_of(texture: int, calcification: int) -> int:
    """Index into ``NAMES``."""
    if calcification < 6:
        return NAMES.index("calcified")
    return NAMES.index({5: "solid", 1: "ground-glass"}.get(texture, "part-solid"))


def read_nodules(folder: Path) -> list[Read]:
    """Outline each nodule and look inside."""
    networks = ready_networks(find_model(DEFAULT_MODEL))
    second = RefinementStage(networks.refinement, samples=_SAMPLES)
    stored = np.load(folder / "lidc_vois.npz")
    image, masks = stored["image"], np.unpackbits(stored["mask_packed"])
    recalled = []
    with (folder / "lidc_vois.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            shape = tuple(int(row[f"shape_{axis}"]) for axis in "zyx")
            spacing = tuple(float(row[f"spacing_{axis}"]) for axis in "zyx")
            part = slice(int(row["offset"]), int(row["offset"]) + int(np.prod(shape)))
            hu = image[part].reshape(shape).astype(np.float32) * 8 - 1024
            mask = masks[part].reshape(shape).astype(np.float32)
            core, before = _read_core(second, *_on_grid(hu, mask, spacing), row["luna_diameter_mm"])
            texture = int(row["texture"])
            truth = truth_of(texture, int(row["calcification"]))
            recalled.append(Read(row["patient"], texture, truth, core, before))
    return recalled


def _on_grid(
    hu: np.ndarray, mask: np.ndarray, spacing: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """The cut-out on 1 mm voxels in a box of at least 40 mm, and the nodule's middle in it."""
    steps = [
        (np.arange(max(1, round(n * mm))) + 0.5) / mm - 0.5
        for n, mm in zip(hu.shape, spacing, strict=True)
    ]
    grid = np.meshgrid(*steps, indexing="ij")
    hu, mask = (ndimage.map_coordinates(a, grid, order=1, mode="nearest") for a in (hu, mask))
    pad = [(max(0, (_BOX_MM - n) // 2),) * 2 for n in hu.shape]
    mask = np.pad(mask, pad)
    middle = np.array(ndimage.center_of_mass(mask > 0.5 if (mask > 0.5).any() else mask))
    return np.pad(hu, pad, mode="edge").astype(np.float32), middle


def _read_core(
    second: RefinementStage, hu: np.ndarray, middle: np.ndarray, diameter_mm: str
) -> tuple[CoreHu, int]:
    refined = second.refine(hu, middle[None], np.array([float(diameter_mm)]))
    crop = crop_around(hu, middle, float(refined.extents_mm[0]), size=CROP)
    mask = refined.mask(0)
    if not mask.any():
        mask[CROP // 2 - 1 : CROP // 2 + 1, CROP // 2 - 1 : CROP // 2 + 1, CROP // 2] = True
    calcified = crop[mask].mean() >= _CALCIFIED_BEFORE_HU
    before = NAMES.index("calcified") if calcified else int(refined.density[0, :3].argmax())
    return core_hu(crop, mask, voxel_mm=float(refined.extents_mm[0]) / CROP), before


def choose(nodules: list[Read]) -> DensityLimits:
    """The limits with the largest mean share right of a density, nine of ten solid ones right."""
    truth = np.array([nodule.truth for nodule in nodules])

    def score(limits: DensityLimits) -> float:
        recalled = recalls(truth, _named(nodules, limits))
        return float(recalled.mean()) if recalled[0] >= _MIN_SOLID else 0.0

    tried = [
        DensityLimits(LIMITS.air_share, *map(float, item)) for item in itertools.product(*_CHOICES)
    ]
    return max(tried, key=score)


def _named(nodules: list[Read], limits: DensityLimits) -> np.ndarray:
    return np.array([NAMES.index(density_of(nodule.core, limits)) for nodule in nodules])


def recalls(truth: np.ndarray, named: np.ndarray) -> np.ndarray:
    """Share right of each density that is there."""
    return np.array([(named[truth == kind] == kind).mean() for kind in np.unique(truth)])


def interval(nodules: list[Read], right: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of a share, patients drawn."""
    patients = sorted({nodule.patient for nodule in nodules})
    rows = [np.flatnonzero([nodule.patient == name for nodule in nodules]) for name in patients]
    shares = [
        right[np.concatenate([rows[patient] for patient in drawn])].mean()
        for drawn in draw_scans(len(rows), draws=_REPEATS, seed=_SEED)
    ]
    low, high = percentile_interval(np.array(shares))
    return round(low, 3), round(high, 3)


def split(nodules: list[Read]) -> tuple[list[Read], list[Read]]:
    """By patient: to choose on, and to measure on."""
    patients = sorted({nodule.patient for nodule in nodules})
    order = np.random.default_rng(_SEED).permutation(len(patients))
    chosen = {patients[i] for i in order[: len(patients) // 2]}
    return (
        [nodule for nodule in nodules if nodule.patient in chosen],
        [nodule for nodule in nodules if nodule.patient not in chosen],
    )


def _table(title: str, rows: list[str], columns: np.ndarray, named: np.ndarray) -> None:
    print(f"\n| {title} | {' | '.join(NAMES)} | right |\n|---|{'---|' * (len(NAMES) + 1)}")
    for index, name in enumerate(rows):
        here = named[columns == index]
        counts = [int((here == kind).sum()) for kind in range(len(NAMES))]
        right = f"{counts[index]} of {len(here)}" if index < 4 and len(rows) == 4 else ""
        print(f"| {name} | {' | '.join(map(str, counts))} | {right} |")


def main() -> None:
    """Print the tables and the RESULT line."""
    to_choose, held_out = split(read_nodules(DATA / "nodules"))
    limits = choose(to_choose)
    print(f"chosen on {len(to_choose)} nodules: {limits}; the product has {LIMITS}")
    truth = np.array([item.truth for item in held_out])
    result: dict[str, object] = {"nodules": len(held_out), "chosen_on": len(to_choose)}
    for name, named in (
        ("before", np.array([item.before for item in held_out])),
        ("now", _named(held_out, LIMITS)),
    ):
        _table(f"{name}; radiologists", list(NAMES[:4]), truth, named)
        right = named == truth
        share, ci95 = round(float(right.mean()), 3), interval(held_out, right)
        print(f"\nright: {share} {ci95}; mean of the four: {recalls(truth, named).mean():.3f}")
        result |= {f"{name}_right": share, f"{name}_right_ci95": ci95}
        result[f"{name}_mean_recall"] = round(float(recalls(truth, named).mean()), 3)
        for kind, recall in zip(NAMES, recalls(truth, named), strict=False):
            result[f"{name}_{kind}"] = round(float(recall), 3)
    texture = np.array([item.texture - 1 if item.truth != 3 else 5 for item in held_out])
    ratings = [f"texture {n}" for n in range(1, 6)] + ["calcified"]
    _table("now; rating", ratings, texture, _named(held_out, LIMITS))
    result["limits_as_chosen"] = limits == LIMITS
    print(f"RESULT {json.dumps(result)}")


if __name__ == "__main__":
    main()
