"""What lies in a result folder because we wrote it there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from medical.detection.findings import SeriesFindings

FINDINGS = "findings.json"
ACQUISITION = "acquisition.json"
INPUT = "input.json"
SIGNATURE = "signature.json"
_OWN_IMAGE = re.compile(r"heatmap-\d+\.(nii\.gz|dcm)")
_FROM_IMAGES = ("viewer", "growth")
_VIEWER_IMAGE = ("viewer", "ct.nii.gz")
_VIEWER_SHEET = "volume.json"


def viewer_files(folder: Path) -> tuple[Path, Path]:
    """Name the files of the viewer's images of a result, and of their description, a JSON."""
    volume = folder.joinpath(*_VIEWER_IMAGE)
    return volume, volume.with_name(_VIEWER_SHEET)


def is_own_result(file: Path) -> bool:
    """Whether an image was written beside a result: it must never be read as an input."""
    if (file.parent.name, file.name) == _VIEWER_IMAGE:
        return _is_result(file.parent.parent)
    return _OWN_IMAGE.fullmatch(file.name) is not None and _is_result(file.parent)


def remove_made_from(folder: Path, *, images_too: bool) -> None:
    """Remove what was made from the result that a folder holds, before another is written there.

    Args:
        folder: of the series.
        images_too: also what was made from its images, since the next result has other images.
    """
    for name in (FINDINGS, SIGNATURE):
        (folder / name).unlink(missing_ok=True)
    for path in folder.iterdir():
        if _OWN_IMAGE.fullmatch(path.name):
            path.unlink()
        elif images_too and path.name in _FROM_IMAGES:
            shutil.rmtree(path)


def read_result(folder: Path) -> SeriesFindings | None:
    """Read the findings in a folder; ``None`` where there are none, or damaged ones."""
    try:
        return SeriesFindings.model_validate_json((folder / FINDINGS).read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _is_result(folder: Path) -> bool:
    """Also of a run that was cut off before its findings were written."""
    return any((folder / name).is_file() for name in (FINDINGS, ACQUISITION))
