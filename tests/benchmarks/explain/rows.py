"""What the tests said of each map, in tables; intervals redraw lungs, not their copies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from medical.explain.checks.stability import PASSES_BELOW
from medical.explain.checks.table import CheckedMap, Figure, figure, table
from medical.explain.methods import SHOWN

GAUSSIAN = "Gaussian at box"
COMPARED = ("pointing", "energy", "insertion", "deletion")

Rows = dict[tuple[str, str], tuple[bool, CheckedMap]]
"""By finding and method: whether it is a real lesion, and the map's row."""


def by_lung(rows: Iterable[CheckedMap]) -> list[CheckedMap]:
    """Name the lung in place of its copy: copies of a lung are no scans of other patients."""
    return [replace(row, scan=row.scan.split("+")[0]) for row in rows]


def difference(rows: Rows, method: str, baseline: str, measure: str) -> Figure:
    """Mean of ``method`` less ``baseline`` over the same inserted findings."""
    apart = [
        replace(row, **{measure: getattr(row, measure) - getattr(rows[name, baseline][1], measure)})
        for (name, each), (real, row) in rows.items()
        if each == method and not real
    ]
    return figure(by_lung(apart), measure)


def report(rows: Rows) -> dict[str, float]:
    """Print both tables; the shown map's figures on inserted nodules."""
    for title, wanted in (("inserted nodules", False), ("real lesions", True)):
        some = by_lung(row for real, row in rows.values() if real == wanted)
        if some:
            print(f"\n{title}, {len({row.scan for row in some})} lungs")
            print(table(some))
    print()
    for method in dict.fromkeys(method for _, method in rows):
        if method != GAUSSIAN:
            cells = [f"{name} {difference(rows, method, GAUSSIAN, name)}" for name in COMPARED]
            print(f"{method} less {GAUSSIAN}: {', '.join(cells)}")
    shown, gauss = (
        by_lung(row for real, row in rows.values() if not real and row.method == method)
        for method in (SHOWN, GAUSSIAN)
    )
    random = max(figure(shown, name).mean for name in ("random_class", "random_box"))
    passes = "passes" if random < PASSES_BELOW else "FAILS"
    print(f"\n{SHOWN}: {passes} randomisation (SSIM {random:.2f}, must be below {PASSES_BELOW})")
    return {
        "pointing_game": round(figure(shown, "pointing").mean, 3),
        "pointing_game_gaussian": round(figure(gauss, "pointing").mean, 3),
        "energy": round(figure(shown, "energy").mean, 3),
        "energy_gaussian": round(figure(gauss, "energy").mean, 3),
        "randomisation_ssim": round(random, 3),
        "findings": len(shown),
    }
