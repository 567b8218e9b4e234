"""First stage of imported weights: MONAI's RetinaNet on the grid that it was taught on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from medical.ct.prepare import Prepared
from medical.ct.resample import resample
from medical.ct.volume import CtVolume
from medical.detection.candidates import MAX_CANDIDATES, CandidateSet, touches_lung
from medical.geometry import VolumeGeometry
from models.detector.retinanet import RetinaNetConfig, find_boxes
from models.runtime.networks import Run

_MIN_SCORE = 1e-6  # keeps the logit finite


def find_by_boxes(
    ct: CtVolume,
    prepared: Prepared,
    run: Run,
    config: RetinaNetConfig,
    *,
    progress: Callable[[float], None] | None = None,
) -> CandidateSet:
    """Find what might be a nodule.

    Args:
        ct: as read: it is resampled once, to the network's own spacing.
        prepared: the same on the 1 mm grid; the boxes of its lungs are searched.
        run: makes the network's maps of a window, as ``models.detector.retinanet.HeadMaps`` does.
        config: the network's settings.
        progress: told the share of windows done.
    """
    grid = ras_grid(prepared.geometry, config.spacing_mm)
    low, high = config.window_hu
    hu = resample(ct.hu, ct.geometry, grid)
    image = torch.from_numpy(np.clip((hu - low) / (high - low), 0, 1).transpose(2, 1, 0).copy())
    boxes, scores = find_boxes(image.float(), _counted(run, image.shape, config, progress), config)
    return _candidates(boxes.numpy(), scores.numpy(), grid, prepared)


def ras_grid(box: VolumeGeometry, spacing_mm: tuple[float, float, float]) -> VolumeGeometry:
    """Return the upright grid over a box whose x counts to the right and y to the front.

    Args:
        box: an upright axial grid, as ``prepare`` makes it.
        spacing_mm: ``(x, y, z)`` of the new one.
    """
    first, last = box.voxel_to_lps((0, 0, 0)), box.voxel_to_lps(np.array(box.shape) - 1)
    x_mm, y_mm, z_mm = spacing_mm
    counts = np.floor((last - first) / np.array(spacing_mm) + 1e-6).astype(int) + 1
    return VolumeGeometry.from_axes(
        shape=(int(counts[2]), int(counts[1]), int(counts[0])),
        origin_lps_mm=(last[0], last[1], first[2]),
        z_step_lps_mm=(0, 0, z_mm),
        y_step_lps_mm=(0, -y_mm, 0),
        x_step_lps_mm=(-x_mm, 0, 0),
    )


def _candidates(
    boxes: Float32[np.ndarray, "n 6"],
    scores: Float32[np.ndarray, " n"],
    grid: VolumeGeometry,
    prepared: Prepared,
) -> CandidateSet:
    """Boxes that touch lung, strongest first: centre, mean edge in millimetres, logit."""
    middle, edges = (boxes[:, :3] + boxes[:, 3:]) / 2, boxes[:, 3:] - boxes[:, :3]
    lps = grid.voxel_to_lps(middle[:, ::-1])
    centers = prepared.geometry.lps_to_voxel(lps)
    diameters = (edges * np.array(grid.spacing_mm)[::-1]).mean(1)
    share = np.clip(scores.astype(np.float64), _MIN_SCORE, 1 - _MIN_SCORE)
    candidates = CandidateSet(centers, diameters, np.log(share / (1 - share)))
    inside = np.flatnonzero(touches_lung(centers, diameters, prepared.lung))
    strongest = inside[np.argsort(-candidates.logits[inside], kind="stable")]
    return candidates.only(strongest[:MAX_CANDIDATES])


def _counted(
    run: Run,
    shape: torch.Size,
    config: RetinaNetConfig,
    progress: Callable[[float], None] | None,
) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """Tell the share of windows done after each."""
    total = 1
    for n, edge in zip(shape, config.patch, strict=True):
        total *= 1 + max(0, -(-(n - edge) // int(edge * 0.75)))
    done = 0

    def each(window: Tensor) -> tuple[Tensor, ...]:
        nonlocal done
        maps = tuple(torch.from_numpy(part) for part in run(window.numpy()))
        done += 1
        if progress:
            progress(min(1.0, done / total))
        return maps

    return each
