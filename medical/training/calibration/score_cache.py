"""Raw scores of a model on the CTs kept aside, one CT at a time, kept for the next start."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from medical.detection.calibration import MIN_DIAMETER_MM
from medical.files import written_atomically
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.training.calibration.fit import NODULES_PER_SCAN, CandidateScores, SizeErrors
from medical.training.calibration.raw_scores import CalibrationData, collect_raw_scores
from models.runtime.networks import Networks
from models.training.two_stage import TwoStage

NODULES = 400  # patches with nodules inserted over all CTs; each holds one or two
_MIN_PATCHES, _MAX_PATCHES = 16, 88  # a CT


def patches_each(cts: int) -> int:
    """Patches with inserted nodules a CT, a multiple of 4: fewer where there are many CTs."""
    wish = -(-NODULES // max(1, cts) // 4) * 4
    return min(_MAX_PATCHES, max(_MIN_PATCHES, wish))


def measure(
    networks: TwoStage,
    cases: Sequence[TrainingCase],
    pool: NodulePool,
    *,
    patches: int,
    bound: float,
    cache: Path,
    ready: Networks | None = None,
) -> list[CalibrationData]:
    """Collect each case apart; the same nodules at the same places whatever the networks are.

    Args:
        networks: float32, evaluation mode.
        cases: kept aside, with their pseudo-labels as ignore regions.
        pool: nodules that were not trained on.
        patches: with inserted nodules a case, a multiple of 4.
        bound: the second stage's, see ``ModelCard.refinement_bound``.
        cache: folder for what was collected; of these networks, this pool and these cases alone.
        ready: what runs, where it is not made of the networks' weights.
    """
    cache.mkdir(parents=True, exist_ok=True)
    parts = []
    for case in cases:
        stored = cache / f"{case.name}.npz"
        part = _read(stored) if stored.exists() else None
        if part is None:
            part = collect_raw_scores(
                networks,
                [case],
                pool,
                patches=patches,
                bound=bound,
                seed=seed_of(case),
                ready=ready,
            )
            _write(part, stored)
        parts.append(part)
    return parts


def seed_of(case: TrainingCase) -> int:
    """Return the seed of what is inserted: the case's own, whatever the other cases."""
    return zlib.crc32(case.name.encode())


def joined(parts: Sequence[CalibrationData]) -> CalibrationData:
    """Several CTs as one collection; inserted nodules of 4 mm or more weigh 1.3 a CT together.

    Raises:
        ValueError: there is none.
    """
    if not parts:
        raise ValueError("nothing to join")
    starts = np.cumsum([0, *(len(part.scan) for part in parts)])
    rows = [
        np.where(part.inserted_row >= 0, part.inserted_row + start, -1)
        for part, start in zip(parts, starts, strict=False)
    ]
    row = np.concatenate(rows)
    large = np.concatenate([part.inserted_mm for part in parts]) >= MIN_DIAMETER_MM
    weight = np.concatenate([part.scores.weight for part in parts])
    weight[row[(row >= 0) & large]] = NODULES_PER_SCAN * len(parts) / max(1, large.sum())
    scores = concatenated(CandidateScores, [part.scores for part in parts])
    return CalibrationData(
        replace(scores, weight=weight),
        concatenated(SizeErrors, [part.sizes for part in parts]),
        np.concatenate([np.full(len(part.scan), k) for k, part in enumerate(parts)]),
        np.concatenate([np.full(len(part.size_scan), k) for k, part in enumerate(parts)]),
        np.concatenate([part.inserted_found for part in parts]),
        np.concatenate([part.inserted_mm for part in parts]),
        row,
        np.concatenate([part.center_voxel for part in parts]),
    )


def without_ignored(part: CalibrationData, case: TrainingCase) -> CalibrationData:
    """Return a CT's collection in which candidates on ignore regions count for neither side.

    Args:
        part: of the case alone.
        case: whose ignore regions nobody judged.
    """
    regions = case.ignore_regions
    if len(regions) == 0 or len(part.center_voxel) == 0:
        return part
    apart = np.linalg.norm(part.center_voxel[:, None] - regions[None, :, :3], axis=-1)
    ignored = (apart < regions[:, 3] / 2).any(1) & ~part.scores.is_nodule  # nan: inserted
    weight = np.where(ignored, 0.0, part.scores.weight)
    return replace(part, scores=replace(part.scores, weight=weight))


def concatenated(kind: type[Any], tables: Sequence[Any]) -> Any:
    """Return tables of one dataclass of arrays as one, row after row."""
    return kind(*(np.concatenate([getattr(t, item.name) for t in tables]) for item in fields(kind)))


def _write(part: CalibrationData, path: Path) -> None:
    flat = {item.name: getattr(part, item.name) for item in fields(part)}
    for name in ("scores", "sizes"):
        table = flat.pop(name)
        flat |= {f"{name}.{item.name}": getattr(table, item.name) for item in fields(table)}
    with written_atomically(path) as beside:
        np.savez_compressed(beside, **flat)


def _read(path: Path) -> CalibrationData | None:
    """Read what ``_write`` wrote; ``None`` where it is torn."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            tables: dict[str, Any] = {
                name: kind(*(stored[f"{name}.{item.name}"] for item in fields(kind)))
                for name, kind in (("scores", CandidateScores), ("sizes", SizeErrors))
            }
            rest = {
                item.name: stored[item.name]
                for item in fields(CalibrationData)
                if item.name not in tables
            }
            return CalibrationData(tables["scores"], tables["sizes"], **rest)
    except (OSError, ValueError, KeyError, BadZipFile):
        return None
