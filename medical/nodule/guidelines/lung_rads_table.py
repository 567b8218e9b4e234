"""Lung-RADS v2022 as data: one entry a line of the ACR's table.

Source: American College of Radiology, Lung-RADS v2022, assessment categories (November 2022),
as explained by Christensen et al., J Am Coll Radiol 2024;21:473-488.

What was checked: the ACR's own PDF could not be opened while this was written, so the rows were
written from the published table as known and compared with what could be read: the pairs of
millimetres and cubic millimetres with the table of v1.1 (NCBI Bookshelf NBK568579), whose volumes
v2022 keeps, and each with the volume of a ball; airway nodules, juxtapleural nodules, cysts, slow
growth and the note on measuring with public summaries of v2022 (diagnosticimaging.com,
yingbo777.com). Compare it once with the ACR's PDF before relying on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Density = Literal["solid", "part-solid", "ground-glass"]
Status = Literal["baseline", "new", "growing", "slow-growing", "stable"]
Measure = Literal["total", "solid component"]
Special = Literal[
    "airway nodule, subsegmental",
    "airway nodule, segmental or more proximal",
    "cyst, thick-walled",
    "cyst, thick-walled, cystic part growing",
    "cyst, thick-walled, wall or nodule growing",
    "cyst, multilocular",
    "cyst, become multilocular",
    "cyst, multilocular, more locules or opacity",
]

VOLUME_MM3 = {4.0: 34.0, 6.0: 113.0, 8.0: 268.0, 10.0: 524.0, 15.0: 1767.0, 30.0: 14137.0}
"""The table's volume beside each of its diameters."""


@dataclass(frozen=True, slots=True)
class SizeBound:
    """``low_mm <= size < high_mm`` of the whole nodule or of its solid component."""

    measure: Measure
    low_mm: float = 0.0
    high_mm: float = math.inf


@dataclass(frozen=True, slots=True)
class SizeRow:
    """A line of the table that goes by density, history and size."""

    category: str
    density: Density
    statuses: tuple[Status, ...]
    bounds: tuple[SizeBound, ...]
    text: str


@dataclass(frozen=True, slots=True)
class SpecialRow:
    """A line of the table about airway nodules or atypical cysts."""

    category: str
    special: Special
    statuses: tuple[Status, ...]
    text: str


def _total(low_mm: float = 0.0, high_mm: float = math.inf) -> SizeBound:
    return SizeBound("total", low_mm, high_mm)


def _core(low_mm: float = 0.0, high_mm: float = math.inf) -> SizeBound:
    return SizeBound("solid component", low_mm, high_mm)


JUXTAPLEURAL = SizeRow(
    "2", "solid", ("baseline", "new"), (_total(0, 10),),
    "juxtapleural nodule < 10 mm, solid, smooth, oval, lentiform or triangular",
)  # fmt: skip
SIZE_ROWS: tuple[SizeRow, ...] = (
    SizeRow("2", "solid", ("baseline",), (_total(0, 6),), "solid < 6 mm at baseline"),
    SizeRow("2", "solid", ("new",), (_total(0, 4),), "solid, new, < 4 mm"),
    SizeRow("3", "solid", ("baseline",), (_total(6, 8),), "solid ≥ 6 to < 8 mm at baseline"),
    SizeRow("3", "solid", ("new",), (_total(4, 6),), "solid, new, 4 to < 6 mm"),
    SizeRow("4A", "solid", ("baseline",), (_total(8, 15),), "solid ≥ 8 to < 15 mm at baseline"),
    SizeRow("4A", "solid", ("growing",), (_total(0, 8),), "solid, growing, < 8 mm"),
    SizeRow("4A", "solid", ("new",), (_total(6, 8),), "solid, new, 6 to < 8 mm"),
    SizeRow("4B", "solid", ("baseline",), (_total(15),), "solid ≥ 15 mm at baseline"),
    SizeRow("4B", "solid", ("new", "growing"), (_total(8),), "solid, new or growing, ≥ 8 mm"),
    SizeRow("4B", "solid", ("slow-growing",), (_total(),),
            "solid, slow growth over several screening examinations"),
    SizeRow("2", "part-solid", ("baseline",), (_total(0, 6),),
            "part-solid < 6 mm in total at baseline"),
    SizeRow("3", "part-solid", ("baseline",), (_total(6), _core(0, 6)),
            "part-solid ≥ 6 mm in total, solid component < 6 mm, at baseline"),
    SizeRow("3", "part-solid", ("new",), (_total(0, 6), _core(0, 4)),
            "part-solid, new, < 6 mm in total"),
    SizeRow("4A", "part-solid", ("baseline",), (_total(6), _core(6, 8)),
            "part-solid ≥ 6 mm in total, solid component ≥ 6 to < 8 mm, at baseline"),
    SizeRow("4A", "part-solid", ("new",), (_total(6), _core(0, 4)),
            "part-solid, new solid component < 4 mm"),
    SizeRow("4A", "part-solid", ("growing",), (_core(0, 4),),
            "part-solid, new or growing solid component < 4 mm"),
    SizeRow("4B", "part-solid", ("baseline",), (_total(6), _core(8)),
            "part-solid, solid component ≥ 8 mm at baseline"),
    SizeRow("4B", "part-solid", ("new", "growing"), (_core(4),),
            "part-solid, new or growing solid component ≥ 4 mm"),
    SizeRow("4B", "part-solid", ("slow-growing",), (_total(),),
            "part-solid, slow growth over several screening examinations"),
    SizeRow("2", "ground-glass", ("baseline", "new", "growing"), (_total(0, 30),),
            "non-solid < 30 mm at baseline, new or growing"),
    SizeRow("2", "ground-glass", ("stable", "slow-growing"), (_total(),),
            "non-solid, stable or slowly growing"),
    SizeRow("3", "ground-glass", ("baseline", "new"), (_total(30),),
            "non-solid ≥ 30 mm at baseline or new"),
    SizeRow("3", "ground-glass", ("growing",), (_total(30),),
            "non-solid, grown to ≥ 30 mm (note on size thresholds)"),
)  # fmt: skip
SPECIAL_ROWS: tuple[SpecialRow, ...] = (
    SpecialRow("2", "airway nodule, subsegmental", ("baseline", "new", "stable"),
               "airway nodule, subsegmental, at baseline, new or stable"),
    SpecialRow("4A", "airway nodule, segmental or more proximal", ("baseline", "new"),
               "airway nodule, segmental or more proximal, at baseline or new"),
    SpecialRow("4B", "airway nodule, segmental or more proximal", ("stable", "growing"),
               "airway nodule, segmental or more proximal, stable or growing"),
    SpecialRow("3", "cyst, thick-walled, cystic part growing", ("growing",),
               "growing cystic component of a thick-walled cyst"),
    SpecialRow("4A", "cyst, thick-walled", ("baseline",), "thick-walled cyst at baseline"),
    SpecialRow("4A", "cyst, multilocular", ("baseline",), "multilocular cyst at baseline"),
    SpecialRow("4A", "cyst, become multilocular", ("new", "growing"),
               "thin- or thick-walled cyst that becomes multilocular"),
    SpecialRow("4B", "cyst, thick-walled, wall or nodule growing", ("growing",),
               "thick-walled cyst with growing wall thickness or nodularity"),
    SpecialRow("4B", "cyst, multilocular", ("growing",), "growing multilocular cyst"),
    SpecialRow("4B", "cyst, multilocular, more locules or opacity", ("growing",),
               "multilocular cyst with more loculation or new or increased opacity"),
)  # fmt: skip
STABLE_STEPS: dict[str, tuple[str, str]] = {
    "1": ("1", "category 1, unchanged"),
    "2": ("2", "category 2, unchanged"),
    "3": ("2", "category 3 lesion, stable or decreased at 6-month follow-up"),
    "4A": ("3", "category 4A lesion, stable or decreased at 3-month follow-up"),
}
"""Category after a stable follow-up, by the category before (solid and part-solid)."""
