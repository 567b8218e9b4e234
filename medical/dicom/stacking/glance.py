"""A look at a few slices of a series: how much lung does it show?

Body Part Examined is often empty or wrong, and the thinnest series of a study may be the abdomen.
"""

from __future__ import annotations

import numpy as np

from medical.ct.lung_coverage import lung_area_mm2
from medical.dicom.stacking.decode import NotHounsfieldError, decode_file
from medical.dicom.stacking.stack import StackPlan
from medical.errors import InputError

SLICES = 11


def glance_at_lung(plan: StackPlan) -> float:
    """About how much lung the stack shows, millilitres; 0 where it cannot be decoded."""
    count = len(plan.frames)
    picked = np.unique(np.linspace(0, count - 1, min(SLICES, count) + 2).round().astype(int)[1:-1])
    spacing = plan.geometry.spacing_mm
    areas = []
    for at in picked:
        frame = plan.frames[at]
        try:
            planes = [hu for _, hu in decode_file(frame.path, [frame])]
        except (InputError, NotHounsfieldError):
            continue
        areas.append(lung_area_mm2(planes[0], spacing[1:]))
    if not areas:
        return 0.0
    return float(np.mean(areas)) * plan.geometry.shape[0] * spacing[0] / 1000
