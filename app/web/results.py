"""Results on the disk (DESIGN 4.2, 4.3), as the page finds them."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from medical.detection.findings import SeriesFindings
from medical.errors import InputError

FINDINGS = "findings.json"


def result_folders(path: Path) -> list[Path]:
    """List the scored series at or right below ``path``, by name; empty without any result."""
    if (path / FINDINGS).is_file():
        return [path]
    return sorted(found.parent for found in path.glob(f"*/{FINDINGS}"))


def read_findings(series_folder: Path) -> SeriesFindings:
    """Read the findings of one series.

    Raises:
        InputError: the file is missing, unreadable or not ours.
    """
    file = series_folder / FINDINGS
    try:
        return SeriesFindings.model_validate_json(file.read_bytes())
    except OSError as error:
        raise InputError(file, "cannot be read", "Check that the file exists") from error
    except ValidationError as error:
        problem = "is not a result in the form starlung.findings/1"
        raise InputError(file, problem, "Score the study again") from error
