"""Rough look at where the lungs are: are they there, and does the field of view cut them off?

Not a segmentation: a coarse map of lung density inside the body, enough for a warning.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, Int, Int16
from scipy import ndimage

from medical.ct.balls import fill_in_plane, largest_in_plane
from medical.ct.slabs import map_each, map_slabs, slabs_of
from medical.ct.volume import QualityNote
from medical.geometry import VolumeGeometry
from medical.i18n.messages import message

LUNG_HU = (-940, -500)
BODY_HU = -400
COARSE = 4
COARSE_MM = 2.8
MAX_SLICES = 80
MIN_SHARE = 0.01  # of the volume: below this there is hardly any lung
END_AREA_MM2 = 2000.0  # a trachea has 300, a mere lung tip or gas in the gut some more
SIDE_RUN_MM = 25.0
SIDE_SLICES = 4
CUT_AT_THE_SIDE = QualityNote(
    "field_of_view",
    "warning",
    message("The field of view cuts off lung at the side; that part was not searched."),
)

Coarse = Float32[np.ndarray, "z y x"]
Mask = Bool[np.ndarray, "z y x"]


def lung_notes(hu: Int16[np.ndarray, "z y x"], geometry: VolumeGeometry) -> list[QualityNote]:
    """Warn when lung is missing, or reaches the first or last slice or the image's side.

    Only axial stacks are judged; on others slices mean something else.
    """
    if int(np.abs(geometry.affine_lps_mm[:3, 0]).argmax()) != 2:
        return []
    picked = _picked(len(hu))

    def make(slab: slice) -> Coarse:  # slice by slice: a copy of many would be new memory
        return np.concatenate([_coarse(hu[z : z + 1]) for z in picked[slab].tolist()])

    coarse = np.concatenate(map_each(make, slabs_of(len(picked))))
    body = largest_in_plane(coarse > BODY_HU)
    lung = _lung(coarse, body)
    if lung.mean() < MIN_SHARE:
        text = message("Hardly any lung was found in this series; is it a chest CT?")
        return [QualityNote("no_lung", "severe", text)]
    pixel_mm = COARSE * geometry.spacing_mm[1], COARSE * geometry.spacing_mm[2]
    return [*_end_notes(lung, pixel_mm[0] * pixel_mm[1]), *_side_notes(coarse, body, pixel_mm)]


def lung_area_mm2(plane: Int16[np.ndarray, "y x"], spacing_mm: tuple[float, float]) -> float:
    """Area of lung density inside the body in one plane; ``spacing_mm`` is ``(y, x)``."""
    block = int(np.clip(round(COARSE_MM / spacing_mm[0]), 1, COARSE))
    coarse = _coarse(plane[None], block)
    pixel_mm2 = block**2 * spacing_mm[0] * spacing_mm[1]
    return float(_lung(coarse, largest_in_plane(coarse > BODY_HU)).sum()) * pixel_mm2


def _picked(depth: int) -> Int[np.ndarray, " n"]:
    """Slices evenly picked, the first and the last too."""
    count = min(depth, MAX_SLICES)
    return np.unique(np.linspace(0, depth - 1, count).round().astype(int))


def _coarse(hu: Int16[np.ndarray, "z y x"], block: int = COARSE) -> Coarse:
    """Means of square blocks of pixels."""
    high, wide = (min(block, n) for n in hu.shape[1:])
    rows, columns = hu.shape[1] // high, hu.shape[2] // wide
    whole = hu[:, : rows * high, : columns * wide].reshape(len(hu), rows, high, columns * wide)
    down = whole.sum(2, dtype=np.int32)  # whole rows: much faster
    total = sum((down[:, :, at::wide] for at in range(1, wide)), start=down[:, :, ::wide])
    return np.asarray(total.astype(np.float32) / np.float32(high * wide))


def _lung(coarse: Coarse, body: Mask) -> Mask:
    """Lung density enclosed by the body; thin layers, such as a breast fold, are opened away."""
    return map_slabs(_opened, coarse, fill_in_plane(body) & ~body)


def _opened(coarse: Coarse, inside: Mask) -> Mask:
    dense = inside & (coarse > LUNG_HU[0]) & (coarse < LUNG_HU[1])
    return np.asarray(ndimage.binary_opening(dense, np.ones((1, 3, 3), dtype=bool)))


def _end_notes(lung: Mask, pixel_mm2: float) -> list[QualityNote]:
    first, last = (plane.sum() * pixel_mm2 > END_AREA_MM2 for plane in (lung[0], lung[-1]))
    if not (first or last):
        return []
    if first and last:
        text = message(
            "Lung reaches the first and the last slice of the series: apex or base is cut off "
            "and was not searched."
        )
    elif first:
        text = message(
            "Lung reaches the first slice of the series: apex or base is cut off and was not "
            "searched."
        )
    else:
        text = message(
            "Lung reaches the last slice of the series: apex or base is cut off and was not "
            "searched."
        )
    return [QualityNote("lung_cut_off", "warning", text)]


def _side_notes(coarse: Coarse, body: Mask, pixel_mm: tuple[float, float]) -> list[QualityNote]:
    """Large areas of lung density on the left or right edge, with tissue in front and behind."""
    cut = [
        _cut_lung(plane, tissue, pixel_mm) or _cut_lung(plane[:, ::-1], tissue[:, ::-1], pixel_mm)
        for plane, tissue in zip(coarse, body, strict=True)
    ]
    if sum(cut) < min(SIDE_SLICES, len(cut)):
        return []
    return [CUT_AT_THE_SIDE]


def _cut_lung(
    plane: Float32[np.ndarray, "y x"],
    tissue: Bool[np.ndarray, "y x"],
    pixel_mm: tuple[float, float],
) -> bool:
    """Whether lung runs into the first column; an armpit is cut too, but is small."""
    if not tissue[:, 0].any():
        return False
    gaps, count = ndimage.label(~tissue[:, 0])
    long_gaps = [
        gap
        for gap in set(range(1, count + 1)) - {gaps[0], gaps[-1]}
        if (gaps == gap).sum() * pixel_mm[0] > SIDE_RUN_MM
    ]
    if not long_gaps:
        return False
    dense, _ = ndimage.label(~tissue & (plane > LUNG_HU[0]) & (plane < LUNG_HU[1]))
    for gap in long_gaps:
        labels = np.unique(dense[gaps == gap, 0])
        area = np.isin(dense, labels[labels > 0]).sum() * pixel_mm[0] * pixel_mm[1]
        if area > END_AREA_MM2:
            return True
    return False
