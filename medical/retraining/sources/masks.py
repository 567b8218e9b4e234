"""Lesions from masks beside volume files: ``case1.nii.gz`` and ``case1_mask.nii.gz``.

A mask is known by its name (``_mask``, ``_seg``, ``_label``, ``_nodules``...) or by its folder
(``masks``, ``labels``, ``labelsTr``, ``segmentations``), and belongs to the CT of the same stem;
a CT's channel number (``case1_0000``) does not count. Every value but 0 is a class of lesions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from medical.ct.files import is_volume_file, read_mask_file, volume_stem
from medical.errors import InputError
from medical.retraining.sources.lesion import Lesion, lesions_of_mask

_NAME = re.compile(r"[_.-](mask|masks|seg|segmentation|label|labels|nodule|nodules|lesion)$", re.I)
_FOLDER = re.compile(r"^(masks?|labels?(tr|ts)?|segs?|segmentations?)$", re.I)
_CHANNEL = re.compile(r"_\d{4}$")
_MOST_CLASSES = 255
_REMEDY = "Give a mask in which 0 is background and every nodule has a small whole number"


def is_mask(path: Path) -> bool:
    """Whether name or folder say that a volume file is a mask."""
    if not is_volume_file(path):
        return False
    return bool(_NAME.search(volume_stem(path)) or _FOLDER.match(path.parent.name))


def key_of(path: Path) -> str:
    """What a CT and its mask have in common."""
    return _CHANNEL.sub("", _NAME.sub("", volume_stem(path)))


def mask_of(ct: Path, masks: Iterable[Path]) -> Path | None:
    """The mask of a CT; ``None`` where it has none.

    Raises:
        InputError: two masks claim the same CT.
    """
    mine = [path for path in masks if key_of(path) == key_of(ct)]
    if len(mine) > 1:
        beside = [path for path in mine if path.parent == ct.parent]
        mine = beside if len(beside) == 1 else mine
    if len(mine) > 1:
        problem = f"belongs to the same CT as {mine[1].name}"
        raise InputError(mine[0], problem, "Keep one mask a CT")
    return mine[0] if mine else None


def mask_lesions(path: Path, *, series_uid: str, place: str) -> list[Lesion]:
    """Lesions of one mask.

    Args:
        path: the file.
        series_uid: of its CT.
        place: what people call it.

    Raises:
        InputError: the file cannot be read, or holds no classes.
    """
    values, geometry = read_mask_file(path)
    found: list[Lesion] = []
    for number in _classes(path, values):
        found += lesions_of_mask(
            values == number, geometry, series_uid=series_uid, place=f"{place} class {number}"
        )
    return found


def _classes(path: Path, values: Shaped[np.ndarray, "z y x"]) -> list[int]:
    """The values but 0, which must be few whole numbers."""
    classes = np.unique(values)
    whole = np.equal(np.mod(classes, 1), 0).all() if np.isfinite(classes).all() else False
    if not whole or len(classes) > _MOST_CLASSES or classes.min() < 0:
        raise InputError(path, "is no mask: its values are not a few whole numbers", _REMEDY)
    return [int(value) for value in classes if value]
