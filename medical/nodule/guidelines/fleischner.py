"""Fleischner Society 2017: follow-up of nodules found by chance, as a table and its engine.

Source: MacMahon et al., Radiology 2017;284:228-243, Table 1 (A solid, B subsolid). Checked against
the article's own page (pubs.rsna.org) for the scope and radiology.ae's transcription of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from medical.nodule.guidelines.rules import (
    Fired,
    NotApplicable,
    RuleResult,
    needs,
    require_positive,
    round_half_up,
)

Risk = Literal["low", "high"]
Size = Literal["<6", "6-8", ">8"]
NodulesDensity = Literal["solid", "part-solid", "ground-glass", "calcified"]
SOURCE = "Fleischner 2017, Table 1"
LIMIT_MM3 = (100.0, 250.0)
"""Volumes of the table: below, from to, above."""
_YOUNGEST = 35


@dataclass(frozen=True, slots=True)
class Row:
    """One cell of Table 1; ``risk`` is ``None`` where the table does not ask for it."""

    density: tuple[NodulesDensity, ...]
    multiple: bool
    sizes: tuple[Size, ...]
    risk: Risk | None
    advice: str
    section: str


_SOLID: tuple[NodulesDensity, ...] = ("solid",)
_GLASS: tuple[NodulesDensity, ...] = ("ground-glass",)
_PART: tuple[NodulesDensity, ...] = ("part-solid",)
_SUB: tuple[NodulesDensity, ...] = ("part-solid", "ground-glass")
NONE = "no routine follow-up"
ROWS: tuple[Row, ...] = (
    Row(_SOLID, False, ("<6",), "low", NONE, "A"),
    Row(_SOLID, False, ("<6",), "high", "optional CT at 12 months", "A"),
    Row(_SOLID, False, ("6-8",), "low",
        "CT at 6-12 months, then consider CT at 18-24 months", "A"),
    Row(_SOLID, False, ("6-8",), "high", "CT at 6-12 months, then CT at 18-24 months", "A"),
    Row(_SOLID, False, (">8",), None,
        "consider CT at 3 months, PET/CT or tissue sampling", "A"),
    Row(_SOLID, True, ("<6",), "low", NONE, "A"),
    Row(_SOLID, True, ("<6",), "high", "optional CT at 12 months", "A"),
    Row(_SOLID, True, ("6-8", ">8"), "low",
        "CT at 3-6 months, then consider CT at 18-24 months", "A"),
    Row(_SOLID, True, ("6-8", ">8"), "high", "CT at 3-6 months, then CT at 18-24 months", "A"),
    Row(_SUB, False, ("<6",), None, NONE, "B"),
    Row(_GLASS, False, ("6-8", ">8"), None,
        "CT at 6-12 months to confirm persistence, then CT every 2 years until 5 years", "B"),
    Row(_PART, False, ("6-8", ">8"), None,
        "CT at 3-6 months to confirm persistence; if unchanged and the solid component stays "
        "< 6 mm, annual CT for 5 years", "B"),
    Row(_SUB, True, ("<6",), None,
        "CT at 3-6 months; if stable, consider CT at 2 and 4 years", "B"),
    Row(_SUB, True, ("6-8", ">8"), None,
        "CT at 3-6 months, then by the most suspicious nodule", "B"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What the guideline asks about the patient; ``None`` is not known."""

    age_years: float | None = None
    risk: Risk | None = None
    screening: bool = False
    known_cancer: bool = False
    immunosuppressed: bool = False


def size_group(*, diameter_mm: float | None, volume_mm3: float | None) -> Size | None:
    """Return the table's size group; the diameter counts where both are given.

    Diameters are rounded to the whole millimetre first, as the table's footnote says: 5.4 mm is
    below 6 mm, 5.5 mm is 6 mm, 8.5 mm is above 8 mm.
    """
    require_positive(diameter_mm=diameter_mm, volume_mm3=volume_mm3)
    if diameter_mm is not None:
        size, low, high = round_half_up(diameter_mm, digits=0), 6.0, 8.0
    elif volume_mm3 is not None:
        size, low, high = volume_mm3, *LIMIT_MM3
    else:
        return None
    if size < low:
        return "<6"
    return "6-8" if size <= high else ">8"


def fleischner(
    density: NodulesDensity,
    patient: Patient,
    *,
    multiple: bool,
    diameter_mm: float | None = None,
    volume_mm3: float | None = None,
) -> RuleResult:
    """Follow-up of the dominant nodule and the cell of the table that gave it.

    Args:
        multiple: whether the CT shows more nodules than this one.
        diameter_mm: mean of long and short axis.
        volume_mm3: used where no diameter is given.
    """
    excluded = _excluded(density, patient)
    if excluded is not None:
        return excluded
    if patient.age_years is None:
        return needs("age")
    size = size_group(diameter_mm=diameter_mm, volume_mm3=volume_mm3)
    if size is None:
        return needs("diameter")
    rows = [
        row
        for row in ROWS
        if density in row.density and row.multiple == multiple and size in row.sizes
    ]
    for row in rows:
        if row.risk in (None, patient.risk):
            return _fired(row, density, size)
    return needs("risk of lung cancer (low or high)")


def _excluded(density: NodulesDensity, patient: Patient) -> NotApplicable | None:
    reasons = (
        (density == "calcified", "calcified nodules"),
        (patient.screening, "lung cancer screening (use Lung-RADS)"),
        (patient.known_cancer, "patients with known cancer"),
        (patient.immunosuppressed, "immunosuppressed patients"),
        (
            patient.age_years is not None and patient.age_years < _YOUNGEST,
            f"patients younger than {_YOUNGEST} years",
        ),
    )
    for holds, who in reasons:
        if holds:
            return NotApplicable(f"not applicable: the guideline does not cover {who}")
    return None


def _fired(row: Row, density: str, size: Size) -> Fired:
    number = "multiple" if row.multiple else "single"
    risk = f", {row.risk} risk" if row.risk else ""
    group = {"<6": "< 6 mm", "6-8": "6-8 mm", ">8": "> 8 mm"}[size]
    if len(row.sizes) > 1:
        group = "≥ 6 mm"
    return Fired(row.advice, f"{number} {density} {group}{risk}", f"{SOURCE}{row.section}")
