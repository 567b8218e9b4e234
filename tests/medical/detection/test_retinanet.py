"""An imported network's boxes become places in the patient, whatever the CT's own axes are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from medical.ct.prepare import Prepared
from medical.ct.resample import resample
from medical.ct.volume import CtVolume, SeriesSource
from medical.detection.retinanet import find_by_boxes, ras_grid
from medical.geometry import VolumeGeometry
from models.detector.retinanet import RetinaNetConfig

CONFIG = RetinaNetConfig(patch=(96, 96, 48))
BALL_LPS_MM = np.array([31.0, -18.0, 122.0])
DIAMETER_MM = 9.0


def brightness(image: np.ndarray) -> list[np.ndarray]:
    """Maps of the network's shape that answer to what is bright, with boxes of 9 mm.

    No weights: what is tested is where an answer comes to lie, not how good it is.
    """
    window, logits, boxes = torch.from_numpy(image), [], []
    for level in range(3):
        stride = [2**level * s for s in (4, 4, 2)]
        bright = functional.avg_pool3d(window, stride)
        low = torch.full_like(bright, -20.0)
        first = 30.0 * (bright - 0.6) if level == 0 else low
        logits.append(torch.cat([first, low, low], 1))
        map_ = torch.zeros(1, 18, *bright.shape[2:])
        for axis, (mm, spacing, edge) in enumerate(
            zip((DIAMETER_MM,) * 3, CONFIG.spacing_mm, CONFIG.anchors[0], strict=True)
        ):
            map_[:, 3 + axis] = float(np.log(mm / spacing / edge))
        boxes.append(map_)
    return [part.numpy() for part in (*logits, *boxes)]


def oblique(angle: float, *, flip: bool) -> VolumeGeometry:
    """Slices of 2.5 mm, tilted against the patient's axes, counted either way."""
    c, s = np.cos(angle), np.sin(angle)
    z = np.array([0, -s, c]) * 2.5 * (-1 if flip else 1)
    y, x = np.array([0, c, s]) * 0.9, np.array([1.0, 0, 0]) * 0.7
    shape = (48, 130, 160)
    middle = np.array([10.0, 0.0, 100.0])
    origin = middle - (z * shape[0] + y * shape[1] + x * shape[2]) / 2
    return VolumeGeometry.from_axes(
        shape=shape, origin_lps_mm=origin, z_step_lps_mm=z, y_step_lps_mm=y, x_step_lps_mm=x
    )


def ball_ct(geometry: VolumeGeometry) -> CtVolume:
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in geometry.shape), indexing="ij"), -1)
    apart = np.linalg.norm(geometry.voxel_to_lps(grid) - BALL_LPS_MM, axis=-1)
    hu = np.where(apart <= DIAMETER_MM / 2, 60, -850).astype(np.int16)
    return CtVolume(hu, geometry, SeriesSource("ball"))


@pytest.mark.parametrize("angle", [0.0, 0.35])
@pytest.mark.parametrize("flip", [False, True])
def test_a_ball_is_marked_where_it_is(angle: float, flip: bool) -> None:
    ct = ball_ct(oblique(angle, flip=flip))
    grid = ct.geometry.isotropic(1.0)
    hu = resample(ct.hu, ct.geometry, grid)
    prepared = Prepared(hu, np.ones(hu.shape, bool), grid, slice_mm=2.5)
    shares: list[float] = []
    candidates = find_by_boxes(ct, prepared, brightness, CONFIG, progress=shares.append)
    place = prepared.geometry.voxel_to_lps(candidates.centers_voxel[0])
    assert np.linalg.norm(place - BALL_LPS_MM) < 2.5
    assert candidates.diameters_mm[0] == pytest.approx(DIAMETER_MM, abs=0.1)
    assert candidates.logits[0] > 0
    assert shares[-1] == pytest.approx(1.0)


def test_the_grid_counts_to_the_right_front_and_head() -> None:
    box = VolumeGeometry.axial(
        shape=(60, 50, 40), spacing_mm=(1, 1, 1), origin_lps_mm=(-20.0, 5.0, 300.0)
    )
    grid = ras_grid(box, (0.7, 0.8, 1.25))
    assert grid.voxel_to_lps((0, 0, 0)).tolist() == [19.0, 54.0, 300.0]
    assert grid.spacing_mm == pytest.approx((1.25, 0.8, 0.7))
    assert (grid.voxel_to_lps((1, 1, 1)) - grid.voxel_to_lps((0, 0, 0))).tolist() == pytest.approx(
        [-0.7, -0.8, 1.25]
    )
    assert box.contains_voxel(box.lps_to_voxel(grid.voxel_to_lps(np.array(grid.shape) - 1)))


def test_where_nothing_is_bright_nothing_is_found() -> None:
    ct = ball_ct(oblique(0.0, flip=False))
    empty = CtVolume(np.full_like(ct.hu, -850), ct.geometry, ct.source)
    grid = ct.geometry.isotropic(1.0)
    hu = resample(empty.hu, empty.geometry, grid)
    prepared = Prepared(hu, np.ones(hu.shape, bool), grid, slice_mm=2.5)
    assert len(find_by_boxes(empty, prepared, brightness, CONFIG).logits) == 0
