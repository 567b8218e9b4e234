"""How a scored series was acquired, kept beside its result, so that drift can be seen later.

Scanner, kernel, slice thickness and the like, as ``SeriesSource.acquisition`` has them: nothing
that says who was scanned.
"""

from __future__ import annotations

import json
from pathlib import Path

from medical.ct.volume import SeriesSource
from medical.errors import InputError

NAME = "acquisition.json"


def write_acquisition(folder: Path, source: SeriesSource) -> None:
    """Write ``acquisition.json`` into a series' folder, whole or not at all."""
    beside = folder / f"{NAME}.partial"
    beside.write_text(json.dumps(source.acquisition, indent=2, sort_keys=True) + "\n", "utf-8")
    beside.replace(folder / NAME)


def read_acquisition(folder: Path) -> dict[str, str]:
    """Read what ``write_acquisition`` wrote; empty where nothing is known (NIfTI, older results).

    Raises:
        InputError: the file is damaged.
    """
    file = folder / NAME
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text("utf-8"))
        return {str(key): str(value) for key, value in found.items()}
    except (ValueError, AttributeError) as error:
        raise InputError(NAME, "is damaged", "Score the study again") from error
