"""What radiologists said of LIDC's nodules as one small file, for machines that need no images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from medical.errors import InputError
from medical.training.malignancy.nodules import RatedNodule


def write_facts(nodules: Sequence[RatedNodule], path: Path) -> None:
    """Write all but images and outlines."""
    rows = [
        {
            "name": nodule.name,
            "patient": nodule.patient,
            "diameter_mm": nodule.diameter_mm,
            "descriptors": nodule.descriptors,
            "malignancy": nodule.malignancy,
            "readers": nodule.readers,
        }
        for nodule in nodules
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")


def read_facts(path: Path) -> list[RatedNodule]:
    """Read what ``write_facts`` wrote.

    Raises:
        InputError: the file is missing, or not of that form.
    """
    try:
        rows = json.loads(path.read_text("utf-8"))
        return [
            RatedNodule(**{**row, "readers": tuple(map(tuple, row["readers"]))}) for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "Make it by medical.training.malignancy.facts.write_facts"
        raise InputError(path, "no facts of LIDC nodules", remedy) from error
