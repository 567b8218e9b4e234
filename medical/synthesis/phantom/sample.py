"""Write a phantom as what ``sample_data/`` holds: a DICOM series and its truth."""

from __future__ import annotations

import csv
from pathlib import Path

from medical.dicom.header.uids import derived_uid
from medical.synthesis.phantom.chest import Chest, make_chest
from medical.synthesis.write_ct import CtLabels, write_ct_series


def write_sample(out: Path, *, seed: int) -> Chest:
    """Make the phantom of ``seed``; its series goes to ``out``, ``truth.csv`` beside ``out``.

    Files of an earlier run in ``out`` (``0001.dcm`` and so on) are replaced.
    """
    chest = make_chest(seed)
    identity = f"phantom-{seed}"
    labels = CtLabels(
        identity=identity,
        patient_name="STARLUNG^PHANTOM",
        patient_id=f"PHANTOM-{seed}",
        series_description="Synthetic chest phantom",
    )
    for earlier in out.glob("[0-9][0-9][0-9][0-9].dcm"):
        earlier.unlink()
    write_ct_series(chest.hu, chest.geometry, out, labels=labels)
    uid = derived_uid(identity, "series")
    with (out.parent / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["seriesuid", "coordX", "coordY", "coordZ", "diameter_mm", "density"])
        for nodule in chest.nodules:
            rows.writerow([uid, *nodule.center_lps_mm, nodule.diameter_mm, nodule.density])
    return chest
