"""Small CTs of phantoms for runs of the whole command: 90 mm of the chest, one patient each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK

from medical.synthesis.phantom import make_chest

LOW, HIGH = 38, 68  # slices of 3 mm, through the middle of the lungs
HEAD = "seriesuid,coordX,coordY,coordZ,diameter_mm"


def write_slabs(folder: Path, *, seeds: Sequence[int]) -> int:
    """Write ``p<seed>.mhd`` and ``annotations.csv`` with the nodules inside; returns their number.

    Args:
        folder: exists.
        seeds: of the phantoms.
    """
    rows = [HEAD]
    for seed in seeds:
        chest = make_chest(seed, shape=(90, 104, 104), spacing_mm=(3.0, 3.0, 3.0))
        geometry = chest.geometry.cropped((LOW, 0, 0), (HIGH, 104, 104))
        image = SimpleITK.GetImageFromArray(chest.hu[LOW:HIGH].astype(np.int16))
        image.SetSpacing((3.0, 3.0, 3.0))
        image.SetOrigin([float(v) for v in geometry.origin_lps_mm])
        SimpleITK.WriteImage(image, str(folder / f"p{seed}.mhd"))
        for nodule in chest.nodules:
            if geometry.contains_voxel(geometry.lps_to_voxel(nodule.center_lps_mm)):
                x, y, z = nodule.center_lps_mm
                rows.append(f"p{seed},{x},{y},{z},{nodule.diameter_mm}")
    (folder / "annotations.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return len(rows) - 1
