"""What a fold's weights marked in one scan, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Float

from medical.detection.calibration import MIN_DIAMETER_MM, large_enough
from tests.benchmarks.ablations.marks import CaseMarks

Places = Float[np.ndarray, "n 4"]
"""Rows (z, y, x, diameter in mm) on the scan's 1 mm grid."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenScan:
    """One scan, as it is or with nodules inserted.

    Args:
        name: of the scan, or of the copy that nodules were inserted into.
        lung: name of the scan.
        marks: ``[n, 4]`` where the candidates lie.
        scores: ``[n]`` evidence: both stages' logits and what the size says, as in the pipeline.
        known: lesions that are really there.
        ignore_regions: what may be one.
        inserted: nodules to be found; none in a scan as it is.
        ignored: inserted, and counts for neither.
    """

    name: str
    lung: str
    marks: Places
    scores: Float[np.ndarray, " n"]
    known: Places
    ignore_regions: Places
    inserted: Places
    ignored: Places

    @property
    def as_it_is(self) -> bool:
        """Whether nothing was inserted."""
        return self.name == self.lung


def evidence(candidates: CaseMarks) -> Float[np.ndarray, " n"]:
    """What a probability is made of, see ``medical.detection.calibration``."""
    size = large_enough(candidates.diameters_mm, least_mm=MIN_DIAMETER_MM)
    return np.asarray(candidates.detector + size + candidates.refiner, np.float64)


def save_scans(scans: list[SeenScan], path: Path) -> None:
    """Write the scans of one fold."""
    columns = {
        f"{number}.{item.name}": np.asarray(getattr(scan, item.name))
        for number, scan in enumerate(scans)
        for item in fields(scan)
    }
    np.savez_compressed(path, **columns)  # type: ignore[arg-type]


def load_scans(path: Path) -> list[SeenScan]:
    """Read what ``save_scans`` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        count = len({name.split(".")[0] for name in stored.files})
        rows = [
            {item.name: stored[f"{n}.{item.name}"] for item in fields(SeenScan)}
            for n in range(count)
        ]
    texts = ("name", "lung")
    return [SeenScan(**(row | {text: str(row[text]) for text in texts})) for row in rows]
