"""The truth table of a retraining: lesions in LPS millimetres, by series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float32

from medical.ct.volume import CtVolume
from medical.errors import InputError

COLUMNS = ("seriesuid", "coordX", "coordY", "coordZ", "diameter_mm")


def read_truth(path: Path) -> pd.DataFrame:
    """Read a table with LUNA16's columns.

    Raises:
        InputError: missing, unreadable, a column missing, or a row that is no number.
    """
    try:
        table = pd.read_csv(path, dtype={"seriesuid": str})
    except FileNotFoundError as error:
        raise InputError(path, "no truth table here", "Name one with --truth") from error
    except Exception as error:  # pandas raises many kinds for what is not a table
        raise InputError(path, "not a CSV table", f"It needs {', '.join(COLUMNS)}") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        remedy = f"It needs {', '.join(COLUMNS)}, centres in LPS millimetres"
        raise InputError(path, f"no column {', '.join(missing)}", remedy)
    for name in COLUMNS[1:]:
        bad = np.flatnonzero(~np.isfinite(pd.to_numeric(table[name], errors="coerce")))
        if len(bad):
            raise InputError(path, f"row {bad[0] + 2}: {name} is no number", "Mend that row")
    if (small := np.flatnonzero(table["diameter_mm"] <= 0)).size:
        raise InputError(path, f"row {small[0] + 2}: diameter_mm is not positive", "Mend that row")
    if (double := np.flatnonzero(table.duplicated(list(COLUMNS[:4])))).size:
        raise InputError(path, f"row {double[0] + 2} repeats a nodule", "Remove one of the two")
    return table.reset_index(drop=True)


def lesions_of(table: pd.DataFrame, ct: CtVolume, *, path: Path) -> Float32[np.ndarray, "n 4"]:
    """Rows ``(x, y, z, diameter)`` of one CT.

    Raises:
        InputError: a centre lies outside the CT, as voxel positions would; the row is named.
    """
    rows = table[table["seriesuid"] == ct.source.series_instance_uid]
    lesions = rows[list(COLUMNS[1:])].to_numpy(np.float32).reshape(-1, 4)
    inside = ct.geometry.contains_voxel(ct.geometry.lps_to_voxel(lesions[:, :3]))
    if not inside.all():
        row = int(rows.index[int(np.flatnonzero(~inside)[0])]) + 2
        raise InputError(
            path,
            f"row {row} lies outside its CT",
            "Centres must be LPS millimetres (x, y, z), not voxels",
        )
    return lesions
