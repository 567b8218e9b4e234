"""Sides and searched shares on a real chest, whole, cut and with an opaque lung."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medical.ct.prepare import Prepared, prepare
from medical.ct.volume import CtVolume
from medical.detection.searched_lungs import searched_lungs
from medical.geometry import VolumeGeometry
from medical.intake import open_input
from medical.nodule.location import side_and_zone

NODULE_LPS_MM = (56.2, 86.3, -115.9)
OPAQUE_HU = 25


@pytest.fixture(scope="module")
def ct(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> CtVolume:
    folder = real_data / "dicom" / "lidc-idri-0001"
    return open_input(folder, work_dir=tmp_path_factory.mktemp("work")).chosen[0].load()


def holds_the_nodule(prepared: Prepared) -> bool:
    spot = np.rint(prepared.geometry.lps_to_voxel(NODULE_LPS_MM)).astype(int)
    return bool(prepared.lung[tuple(spot)])


def bent(ct: CtVolume, hu: np.ndarray) -> CtVolume:
    z, y, x = hu.shape
    geometry = VolumeGeometry((z, y, x), ct.geometry.affine_lps_mm)
    return replace(ct, hu=np.ascontiguousarray(hu), geometry=geometry)


def test_a_field_of_view_that_ends_in_the_left_lung(ct: CtVolume) -> None:
    stop = int(ct.geometry.lps_to_voxel((100.0, 0.0, -150.0))[2]) + 1
    prepared = prepare(bent(ct, ct.hu[:, :, :stop]), with_sides=True)
    assert holds_the_nodule(prepared)
    searched, notes = searched_lungs(prepared.sides)
    assert searched.left is not None
    assert 0.6 < searched.left < 0.9
    assert searched.right == 1.0
    assert {"field_of_view", "lung_not_searched"} <= {note.code for note in notes}


def test_an_opaque_right_lung_leaves_the_left_one_left(ct: CtVolume) -> None:
    whole = prepare(ct, with_sides=True)
    assert searched_lungs(whole.sides)[1] == []
    hu = ct.hu.copy()
    x = ct.geometry.voxel_to_lps(
        np.stack([np.zeros(hu.shape[2])] * 2 + [np.arange(hu.shape[2])], 1)
    )
    right = (x[:, 0] < 15)[None, None, :]
    y_body = np.arange(hu.shape[1])[None, :, None]
    inside = (y_body > 130) & (y_body < 400)
    hu[(hu < -350) & right & inside & (np.arange(hu.shape[2]) > 60)] = OPAQUE_HU
    prepared = prepare(bent(ct, hu), with_sides=True)
    assert side_and_zone(NODULE_LPS_MM, prepared.sides) == "left middle zone"
    searched, _ = searched_lungs(prepared.sides)
    assert searched.right is not None
    assert searched.right < 0.3
