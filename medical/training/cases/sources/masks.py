"""Lesions from masks beside volume files: ``case1.nii.gz`` and ``case1_mask.nii.gz``.

A mask is known by its name (``_mask``, ``_seg``, ``_label``, ``_nodules``...) or by its folder
(``masks``, ``labels``, ``labelsTr``, ``segmentations``), and belongs to the CT of the same stem;
a CT's channel number (``case1_0000``) does not count where no mask has the whole stem. Every value
but 0 is a class of lesions; of a probability, what lies above half of its maximum is the lesion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from medical.errors import InputError
from medical.geometry import VolumeGeometry
from medical.io.volume_files import is_volume_file, read_mask_file, volume_stem
from medical.training.cases.sources.lesion import Lesion, lesions_of_mask

_NAME = re.compile(r"[_.-](mask|masks|seg|segmentation|label|labels|nodule|nodules|lesion)$", re.I)
_FOLDER = re.compile(r"^(masks?|labels?(tr|ts)?|segs?|segmentations?)$", re.I)
_CHANNEL = re.compile(r"_\d{4}$")
_MAX_CLASSES = 255
_REMEDY = "Give a mask in which 0 is background and every nodule has a small whole number"


def is_mask(path: Path) -> bool:
    """Whether name or folder say that a volume file is a mask."""
    if not is_volume_file(path):
        return False
    return bool(_NAME.search(volume_stem(path)) or _FOLDER.match(path.parent.name))


def key_of(path: Path) -> str:
    """Return what a CT and its mask have in common."""
    return _CHANNEL.sub("", _NAME.sub("", volume_stem(path)))


def mask_of(ct: Path, masks: Iterable[Path]) -> Path | None:
    """Find the mask of a CT: of the whole stem, else of the stem without channel number.

    Raises:
        InputError: two masks claim the same CT.
    """
    every = list(masks)
    whole = [path for path in every if _NAME.sub("", volume_stem(path)) == volume_stem(ct)]
    matching = whole or [path for path in every if key_of(path) == key_of(ct)]
    if len(matching) > 1:
        near = max(_shared_parts(path, ct) for path in matching)
        beside = [path for path in matching if _shared_parts(path, ct) == near]
        matching = beside if len(beside) == 1 else matching
    if len(matching) > 1:
        problem = f"belongs to the same CT as {matching[1].name}"
        raise InputError(matching[0], problem, "Keep one mask a CT")
    return matching[0] if matching else None


def _shared_parts(a: Path, b: Path) -> int:
    """How many folders two files have in common, from the top."""
    pairs = zip(a.parts[:-1], b.parts[:-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def mask_lesions(
    path: Path, *, series_uid: str, place: str, ct: VolumeGeometry | None = None
) -> list[Lesion]:
    """Lesions of one mask.

    Args:
        path: the file.
        series_uid: of its CT.
        place: what people call it.
        ct: where the CT lies; a mask of as many voxels must lie there too.

    Raises:
        InputError: the file cannot be read, holds no classes, or lies elsewhere than its CT.
    """
    values, geometry = read_mask_file(path)
    if ct is not None and _lies_elsewhere(geometry, ct):
        problem = "has as many voxels as its CT, but its header places them elsewhere"
        raise InputError(path, problem, "Copy the CT's geometry into the mask, or mend the header")
    lesions: list[Lesion] = []
    for number in _classes(path, values):
        lesions += lesions_of_mask(
            _is_of(values, number), geometry, series_uid=series_uid, place=f"{place} class {number}"
        )
    return lesions


def _lies_elsewhere(mask: VolumeGeometry, ct: VolumeGeometry) -> bool:
    """Whether as many voxels span another box: a corner lies more than a voxel off."""
    if sorted(mask.shape) != sorted(ct.shape):
        return False
    boxes = []
    for geometry in (mask, ct):
        far = np.array(geometry.shape) - 1
        corners = np.stack(np.meshgrid(*[(0, n) for n in far], indexing="ij"), -1).reshape(-1, 3)
        points = geometry.voxel_to_lps(corners)
        boxes.append(np.concatenate([points.min(0), points.max(0)]))
    return bool(np.abs(boxes[0] - boxes[1]).max() > max(ct.spacing_mm))


def _is_of(values: Shaped[np.ndarray, "z y x"], number: int) -> Shaped[np.ndarray, "z y x"]:
    """Voxels of a class; of a probability, those above half of the largest."""
    if _is_probability(values):
        return np.asarray(values > values.max() / 2)
    return np.asarray(values == number)


def _is_probability(values: Shaped[np.ndarray, "z y x"]) -> bool:
    """Shares between 0 and 1, not one value beside 0."""
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        return False
    if values.min() < 0 or not 0 < values.max() <= 1:
        return False
    return bool(((values > 0) & (values < values.max())).any())


def _classes(path: Path, values: Shaped[np.ndarray, "z y x"]) -> list[int]:
    """Return the values but 0, which must be few whole numbers."""
    if _is_probability(values):
        return [1]
    classes = np.unique(values)
    whole = np.equal(np.mod(classes, 1), 0).all() if np.isfinite(classes).all() else False
    if not whole or len(classes) > _MAX_CLASSES or classes.min() < 0:
        raise InputError(path, "is no mask: its values are not a few whole numbers", _REMEDY)
    return [int(value) for value in classes if value]
