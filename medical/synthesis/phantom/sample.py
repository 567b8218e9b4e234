"""What is made of phantoms: the sample series with its truth, and lungs to train on."""

from __future__ import annotations

import csv
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from medical.ct.prepare import prepare
from medical.ct.volume import CtVolume, SeriesSource
from medical.dicom.header.tags import derived_uid
from medical.files import written_atomically
from medical.synthesis.case import TrainingCase
from medical.synthesis.phantom.chest import Chest, make_chest
from medical.synthesis.write_ct import CtLabels, write_ct_series
from models.runtime.machine import count_cores

_SHAPE, _SPACING_MM = (270, 304, 312), (1.0, 1.0, 1.0)
_NOISE_HU = (8.0, 40.0)
_FIRST_SEED = 100  # what tests and the sample are made of stays apart


def write_sample(out: Path, *, seed: int) -> Chest:
    """Make the phantom of ``seed``; its series goes to ``out``, ``truth.csv`` beside ``out``.

    Files of an earlier run in ``out`` (``0001.dcm`` and so on) are replaced.
    """
    chest = make_chest(seed)
    identity = f"phantom-{seed}"
    labels = CtLabels(
        identity=identity,
        patient_name="STARLUNG^PHANTOM",
        patient_id=f"PHANTOM-{seed}",
        series_description="Synthetic chest phantom",
    )
    for earlier in out.glob("[0-9][0-9][0-9][0-9].dcm"):
        earlier.unlink()
    write_ct_series(chest.hu, chest.geometry, out, labels=labels)
    uid = derived_uid(identity, "series")
    with (out.parent / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["seriesuid", "coordX", "coordY", "coordZ", "diameter_mm", "density"])
        for nodule in chest.nodules:
            rows.writerow([uid, *nodule.center_lps_mm, nodule.diameter_mm, nodule.density])
    return chest


def make_chest_case(seed: int) -> TrainingCase:
    """Make one chest on its 1 mm grid; the same seed gives the same voxels."""
    name = f"phantom-{seed}"
    noise = float(np.random.default_rng(seed).uniform(*_NOISE_HU))
    chest = make_chest(seed, nodules=(), shape=_SHAPE, spacing_mm=_SPACING_MM, noise_hu=noise)
    ct = CtVolume(chest.hu, chest.geometry, SeriesSource(name))
    none = np.zeros((0, 4), np.float32)
    return TrainingCase.from_prepared(prepare(ct), none, name=name)


def keep_chest_cases(folder: Path, *, count: int) -> list[Path]:
    """Make ``count`` chests, half a minute of one core each, or take those that ``folder`` keeps.

    Returns:
        Their files, in the order of their seeds.
    """
    seeds = range(_FIRST_SEED, _FIRST_SEED + count)
    files = [folder / f"phantom-{seed}.npz" for seed in seeds]
    wanted = [seed for seed, file in zip(seeds, files, strict=True) if not file.exists()]
    if not wanted:
        return files
    folder.mkdir(parents=True, exist_ok=True)
    processes = min(len(wanted), count_cores())
    # spawned: a forked process hangs in torch's threads once its parent has used them
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for case in pool.map(make_chest_case, wanted):
            with written_atomically(folder / f"{case.name}.npz") as beside:  # nodes share it
                case.save(beside)
    return files
