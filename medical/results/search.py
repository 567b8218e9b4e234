"""Result folders below a place, and what must not be taken for an input."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from medical.results import predictions
from medical.results.folder import (
    ACQUISITION,
    FINDINGS,
    FORM,
    IMAGES,
    MAP,
    PARTIAL,
    PREDICTIONS,
    VIEWER,
    ResultFolder,
)


def result_folders(path: Path) -> list[ResultFolder]:
    """Return the scored series at or right below ``path``, by name; empty when it holds none."""
    if (path / FINDINGS).is_file():
        return [ResultFolder(path)]
    return [ResultFolder(file.parent) for file in sorted(path.glob(f"*/{FINDINGS}"))]


def gather_predictions(out: Path) -> Path:
    """Put the candidates of every series under ``out`` into ``out/predictions.csv``."""
    predictions.gather(sorted(out.glob(f"*/{PREDICTIONS}")), out / PREDICTIONS)
    return out / PREDICTIONS


def results_of_other_models(out: Path, model: str) -> Counter[str]:
    """Count results right below ``out`` that another model gave, by its name and version.

    Args:
        out: folder that a run wrote; nothing is counted where it is none.
        model: name and version of the run's.
    """
    results = (folder.find_findings() for folder in result_folders(out))
    names = (f"{scored.model.name} {scored.model.version}" for scored in results if scored)
    return Counter(name for name in names if name != model)


def is_own_result(file: Path) -> bool:
    """Tell whether an image was written beside a result: it must never be read as an input."""
    if file.parent.name == VIEWER:
        return _is(file.name, IMAGES) and _is_result(file.parent.parent)
    name = file.name.removeprefix(PARTIAL)
    made = MAP.fullmatch(name) or FORM.fullmatch(name)
    return (name != file.name or made is not None) and _is_result(file.parent)


def _is(name: str, wanted: str) -> bool:
    """Also where it was being written when somebody pulled the plug."""
    return name == wanted or (name.startswith(PARTIAL) and name.endswith(wanted))


def _is_result(folder: Path) -> bool:
    """Also of a run that was cut off before its findings were written."""
    return any((folder / name).is_file() for name in (FINDINGS, ACQUISITION))
