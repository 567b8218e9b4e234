"""LIDC's nodules (``lidc_vois``): images, outlines and ratings, one patient in one fold."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

from medical.errors import InputError

DESCRIPTORS = (
    "subtlety",
    "calcification",
    "sphericity",
    "margin",
    "lobulation",
    "spiculation",
    "texture",
)
"""LIDC's ratings of a nodule's looks, 1 to 5, of calcification to 6. Never the malignancy."""
FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RatedNodule:
    """What radiologists said of one nodule of the collection.

    Args:
        name: in the table.
        patient: LIDC's.
        diameter_mm: LUNA16's.
        descriptors: ratings by the names of ``DESCRIPTORS``, the readers' most frequent.
        malignancy: the readers' most frequent rating, 1 to 5: the target, no input.
        readers: each reader's ratings, those of ``DESCRIPTORS`` and then malignancy; empty where
            the readers are not known.
    """

    name: str
    patient: str
    diameter_mm: float
    descriptors: dict[str, int]
    malignancy: int
    readers: tuple[tuple[int, ...], ...] = field(default=())

    @property
    def mean_malignancy(self) -> float:
        """Mean of the readers' ratings, 1 to 5."""
        if not self.readers:
            return float(self.malignancy)
        return float(np.mean([reader[-1] for reader in self.readers]))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Nodule(RatedNodule):
    """The same with its image.

    Args:
        hu: around it, on 1 mm voxels.
        mask: the radiologists' outline on the same grid.
    """

    hu: Float32[np.ndarray, "z y x"]
    mask: Bool[np.ndarray, "z y x"]


def read_nodules(table: Path) -> list[Nodule]:
    """Read ``lidc_vois.csv`` and the ``.npz`` beside it.

    Raises:
        InputError: a file is missing, or not of that form.
    """
    remedy = "Give the path of lidc_vois.csv with lidc_vois.npz beside it"
    try:
        rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
        with np.load(table.with_suffix(".npz"), allow_pickle=False) as stored:
            image, masks = stored["image"], np.unpackbits(stored["mask_packed"])
        return [_nodule(row, image, masks) for row in rows]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(table, "no table of LIDC nodules", remedy) from error


def _nodule(row: dict[str, str], image: np.ndarray, masks: np.ndarray) -> Nodule:
    shape = [int(row[f"shape_{axis}"]) for axis in "zyx"]
    spacing = [float(row[f"spacing_{axis}"]) for axis in "zyx"]
    start = int(row["offset"])
    part = slice(start, start + int(np.prod(shape)))
    hu = image[part].reshape(shape).astype(np.float32) * 8 - 1024
    mask = masks[part].reshape(shape)
    return Nodule(
        name=row["name"],
        patient=row["patient"],
        hu=_to_millimetres(hu, spacing),
        mask=_to_millimetres(mask.astype(np.float32), spacing) > 0.5,
        diameter_mm=float(row["luna_diameter_mm"]),
        descriptors={name: int(row[name]) for name in DESCRIPTORS},
        malignancy=int(row["malignancy"]),
    )


def _to_millimetres(volume: np.ndarray, spacing: list[float]) -> np.ndarray:
    """Sample on 1 mm voxels by straight lines; beyond the outer slices they are repeated."""
    sizes = [max(1, round(size * step)) for size, step in zip(volume.shape, spacing, strict=True)]
    axes = [(np.arange(size) + 0.5) / step - 0.5 for size, step in zip(sizes, spacing, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")
    return np.asarray(ndimage.map_coordinates(volume, grid, order=1, mode="nearest"), np.float32)


def patient_folds(patients: list[str], *, seed: int = 22) -> np.ndarray:
    """Deal patients into ``FOLDS`` folds at random; all nodules of one lie in one fold.

    Returns:
        The fold of each entry.
    """
    names = sorted(set(patients))
    order = np.random.default_rng(seed).permutation(len(names))
    fold = {names[index]: place % FOLDS for place, index in enumerate(order)}
    return np.array([fold[patient] for patient in patients])
