"""The findings that are explained, each with its truth, on a crop around its predicted box."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from medical.ct.prepare import prepare
from medical.ct.resample import resample
from medical.explain.subject import Crop, cut
from medical.geometry import VolumeGeometry
from models.detector.peaks import find_peaks
from models.training.two_stage import TwoStage
from models.zoo.card import ModelCard
from tests.benchmarks.folds.scans import UNSEEN_PATHS
from tests.benchmarks.shared.cases import read_scans
from tests.benchmarks.shared.insertion import InsertionScan
from tests.benchmarks.shared.real_masks import real_masks

FINDINGS = 2  # a copy
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
