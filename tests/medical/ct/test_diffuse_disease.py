"""Lungs that are dense throughout are said to be; vessels, walls and one mass are not that."""

from __future__ import annotations

import numpy as np
import pytest

from medical.ct.diffuse_disease import diffuse_disease_notes, measure_dense_share


def lungs() -> tuple[np.ndarray, np.ndarray]:
    """A block of aerated lung in soft tissue, HU and mask."""
    hu = np.full((60, 60, 60), 40.0, np.float32)
    lung = np.zeros(hu.shape, bool)
    lung[5:-5, 5:-5, 5:-5] = True
    hu[lung] = -850.0
    return hu, lung


def test_aerated_lung_has_no_note() -> None:
    assert measure_dense_share(*lungs()) == 0.0
    assert diffuse_disease_notes(*lungs()) == []


def test_ground_glass_in_a_tenth_of_the_lung_is_noted_with_its_share() -> None:
    hu, lung = lungs()
    hu[8:52, 8:52, 8:13] = -500.0
    (note,) = diffuse_disease_notes(hu, lung)
    assert note.code == "diffuse_disease"
    assert note.severity == "warning"
    assert note.message.startswith("11% of the inner lung")


def test_the_blurred_edge_of_the_chest_wall_does_not_count() -> None:
    hu, lung = lungs()
    edge = lung.copy()
    edge[7:-7, 7:-7, 7:-7] = False
    hu[edge] = -400.0
    assert measure_dense_share(hu, lung) == 0.0


def test_a_solid_mass_is_no_diffuse_disease() -> None:
    hu, lung = lungs()
    hu[20:40, 20:40, 20:40] = 40.0
    assert diffuse_disease_notes(hu, lung) == []


@pytest.mark.parametrize("size", [0, 4])
def test_a_lung_without_an_inside_has_no_share(size: int) -> None:
    lung = np.zeros((20, 20, 20), bool)
    lung[:size, :size, :size] = True
    assert measure_dense_share(np.full(lung.shape, -500.0, np.float32), lung) == 0.0
